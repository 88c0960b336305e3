# Build: docker build --build-arg HELM_VERSION=v4.3.1 -t policylint .
# The image has policylint, helm and kustomize; both are built from the Go module proxy, so that nothing else is needed.
ARG PYTHON=3.13-slim
ARG GO=1.25
FROM golang:${GO} AS tools
ARG HELM_VERSION=v4.3.1
ARG KUSTOMIZE_VERSION=v5.7.1
ENV GOBIN=/tools CGO_ENABLED=0
RUN major="${HELM_VERSION%%.*}" && go install -trimpath -ldflags=-s "helm.sh/helm/${major}/cmd/helm@${HELM_VERSION}"
RUN go install -trimpath -ldflags=-s "sigs.k8s.io/kustomize/kustomize/v5@${KUSTOMIZE_VERSION}"

FROM python:${PYTHON} AS package
WORKDIR /source
COPY . .
RUN python -m pip wheel --quiet --wheel-dir /wheels .

FROM python:${PYTHON}
COPY --from=tools /tools /usr/local/bin
COPY --from=package /wheels /wheels
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends git && rm -rf /var/lib/apt/lists/*
RUN python -m pip install --quiet --no-cache-dir --no-index --find-links /wheels policylint && rm -rf /wheels
RUN useradd --create-home --uid 10001 policylint
USER 10001
WORKDIR /work
ENTRYPOINT ["policylint"]
CMD ["--help"]
