# The laboratory with detectron2 as a second backend of the detector.
#   docker build -t lxmert-viz .                                    on CPUs
#   docker build -t lxmert-viz --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130 .
#   docker build -t lxmert-viz --build-arg WITH_DETECTRON2=0 .      smaller, and built in a minute
#   docker run -p 8501:8501 -v lxmert-models:/models lxmert-viz
FROM python:3.11-slim AS build
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG WITH_DETECTRON2=1
ARG DETECTRON2_COMMIT=02b5c4e295e990042a714712c21dc79b731e8833
RUN apt-get update && apt-get install -y --no-install-recommends g++ git ninja-build \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /environment
ENV PATH=/environment/bin:$PATH PIP_NO_CACHE_DIR=1
COPY requirements.txt /build/
# torch first, because detectron2's build looks at it; its model_zoo needs pkg_resources, which setuptools 81 dropped
RUN pip install --index-url "$TORCH_INDEX" $(grep -E '^torch(vision)?[<>=]' /build/requirements.txt)
RUN pip install -r /build/requirements.txt "setuptools<81" wheel
RUN if [ "$WITH_DETECTRON2" = 1 ]; then pip install --no-build-isolation \
    "git+https://github.com/facebookresearch/detectron2.git@$DETECTRON2_COMMIT"; fi

FROM python:3.11-slim
COPY --from=build /environment /environment
ENV PATH=/environment/bin:$PATH LXMERT_VIZ_MODELS=/models PYTHONUNBUFFERED=1
RUN useradd --create-home visitor && mkdir /models && chown visitor /models
WORKDIR /app
COPY . /app
USER visitor
VOLUME /models
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD \
    python -c "import urllib.request; urllib.request.urlopen('http://localhost:8501/_stcore/health', timeout=4)"
CMD ["python", "-m", "lxmert_viz", "serve", "--host", "0.0.0.0", "--port", "8501"]
