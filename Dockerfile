# The laboratory with detectron2 as a second backend of the detector.
#   docker build -t lxmert-viz .                                    on CPUs
#   docker build -t lxmert-viz --build-arg TORCH=cuda .             for NVIDIA's (docker run --gpus all)
#   docker build -t lxmert-viz --build-arg WITH_DETECTRON2=0 .      smaller, and built in a minute
#   docker run -p 127.0.0.1:8501:8501 -v lxmert-models:/models -v lxmert-data:/data lxmert-viz
#   docker run --gpus all -p 127.0.0.1:8501:8501 -v lxmert-models:/models -v lxmert-data:/data lxmert-viz
# Without --gpus all a container sees no GPU and computes on its CPUs.
# Every file that pip brings is pinned by its hash (scripts/lock.sh), but PyTorch for CPUs, which is
# pinned by its version.
FROM python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b AS build
ARG TORCH=cpu
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG WITH_DETECTRON2=1
ARG DETECTRON2_COMMIT=02b5c4e295e990042a714712c21dc79b731e8833
RUN apt-get update && apt-get install -y --no-install-recommends g++ git ninja-build \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /environment
ENV PATH=/environment/bin:$PATH PIP_NO_CACHE_DIR=1
COPY deploy/*.lock /build/
RUN if [ "$TORCH" = cpu ]; then pip install --no-deps --index-url "$TORCH_INDEX" \
    $(sed -nE 's/^(torch(vision)?==[^ ]+).*/\1/p' /build/cuda.lock); fi
RUN pip install --no-deps --require-hashes -r "/build/$TORCH.lock"
# its model_zoo needs pkg_resources, which setuptools 81 dropped
RUN if [ "$WITH_DETECTRON2" = 1 ]; then pip install "setuptools<81" wheel && pip install \
    --no-build-isolation "git+https://github.com/facebookresearch/detectron2.git@$DETECTRON2_COMMIT"; fi

FROM python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b
COPY --from=build /environment /environment
ENV PATH=/environment/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/cache \
    LXMERT_VIZ_MODELS=/models LXMERT_VIZ_DATA=/data LXMERT_VIZ_CACHE=/cache \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
RUN mkdir /models /data /cache && chown 10001:10001 /models /data /cache
WORKDIR /app
COPY . /app
USER 10001:10001
VOLUME ["/models", "/data", "/cache"]
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=10s --start-period=90s CMD ["python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8502/healthz', timeout=9)"]
CMD ["python", "-m", "lxmert_viz", "serve", "--host", "0.0.0.0", "--port", "8501", "--operator-port", "8502"]
