"""kustomize: what a kustomization builds, by hand or by the user's own binary."""
