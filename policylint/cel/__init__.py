"""CEL as Kubernetes speaks it: parsed, checked, priced and evaluated.

`program` compiles an expression and evaluates it; `check` and `cost` judge one as the API server
does when a CRD is written. The package itself imports nothing: most runs need one function of it.
"""
