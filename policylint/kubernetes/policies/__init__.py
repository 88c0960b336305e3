"""ValidatingAdmissionPolicies, evaluated offline as the API server would.

Source: k8s.io/apiserver v0.36.3 pkg/admission/plugin/policy and pkg/admission/plugin/cel, checked
against recorded answers of kube-apiserver 1.36.3.
"""
