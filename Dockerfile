# Three stages: the first builds the web UI, the second the wheel with it, and installs the locked dependencies by hash; the third has
# neither Node nor compiler nor pip's leavings.
# It runs as a plain user and needs no writable root: only /data (a volume) and /tmp.

FROM node:24-slim AS ui
WORKDIR /build/src/ui
COPY src/ui/package.json src/ui/package-lock.json src/ui/.npmrc ./
RUN npm ci --no-audit --no-fund --no-progress
COPY src/ui ./
RUN npm run build

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements-backend.lock requirements.lock ./
RUN python -m venv /opt/onbeat \
 && /opt/onbeat/bin/python -m pip install --require-hashes -r requirements.lock \
 && python -m pip install --require-hashes -r requirements-backend.lock
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY src src
COPY --from=ui /build/src/onbeat/static src/onbeat/static
COPY flows flows
COPY triggers triggers
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
 && /opt/onbeat/bin/python -m pip install --no-deps --no-index /wheel/*.whl

FROM python:3.11-slim
LABEL org.opencontainers.image.title="onbeat" \
      org.opencontainers.image.description="Event-driven, real-time workflow orchestrator" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 onbeat \
 && useradd --uid 10001 --gid onbeat --no-create-home --home-dir /data --shell /usr/sbin/nologin onbeat \
 && install --directory --owner=onbeat --group=onbeat --mode=0700 /data \
 && install --directory /flows /triggers
COPY --from=build /opt/onbeat /opt/onbeat
ENV PATH=/opt/onbeat/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# /health is 200 only when the daemon would take a start.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health', timeout=4)"]
ENTRYPOINT ["onbeat"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080", "--data", "/data", "--flows", "/flows", "--triggers", "/triggers"]
