# The server in a container, for CPUs or, with DEVICE=cuda, for NVIDIA GPUs.
#
#   docker build -t livestt .
#   docker build -t livestt:cuda --build-arg DEVICE=cuda .
#
# BASE is a Debian or Ubuntu with Python 3.11 or later, with venv. EXTRAS are those of pyproject.toml.
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
ARG DEVICE=cpu
ARG EXTRAS=embedded,otel,postgres,remote
WORKDIR /src
COPY . .
RUN python3 -m venv /opt/livestt \
    && if [ "${DEVICE}" = cuda ]; then extras="cuda,${EXTRAS}"; else extras="${EXTRAS}"; fi \
    && /opt/livestt/bin/pip install --no-cache-dir --no-compile ".[${extras}]" \
    && /opt/livestt/bin/pip uninstall --yes --quiet pip

FROM ${BASE}
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libjemalloc2=5.* \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
# The GPU libraries are Python packages; the loader has to be told where they are.
RUN --mount=type=bind,from=build,source=/opt/livestt,target=/opt/livestt \
    find /opt/livestt -type d -path '*/nvidia/*/lib' > /etc/ld.so.conf.d/livestt.conf \
    && ldconfig \
    && useradd --uid 10001 --no-create-home --home-dir /data livestt \
    && install -d -o livestt -g livestt /data /models
COPY --from=build /opt/livestt /opt/livestt
ENV PATH=/opt/livestt/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HF_HOME=/models \
    HOME=/data \
    LIVESTT_HOST=0.0.0.0 \
    LD_PRELOAD=libjemalloc.so.2 \
    MALLOC_CONF=background_thread:true,oversize_threshold:0
WORKDIR /data
USER 10001
EXPOSE 8000
VOLUME ["/data", "/models"]
HEALTHCHECK --interval=15s --timeout=5s --start-period=10m \
    CMD ["python3", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health', timeout=4)"]
ENTRYPOINT ["livestt"]
CMD ["serve"]
