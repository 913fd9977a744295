# Trackio on a machine of your own. How to run it: docs/self-hosting.md
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app
# First what changes seldom: an update of the code then builds in seconds.
COPY requirements.txt ./
RUN pip install -r requirements.txt
COPY app.py LICENSE ./
COPY space ./space
COPY trackio_client ./trackio_client
RUN python -m compileall -q app.py space trackio_client \
 && useradd --uid 1000 --create-home trackio \
 && install -d -o trackio -g trackio /data
USER trackio

# The disk stays: what is written there is durable, and trainers may let go of it.
ENV TRACKIO_DIR=/data \
    TRACKIO_DISK=persistent \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    GRADIO_ANALYTICS_ENABLED=False
VOLUME /data
EXPOSE 7860

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:%s/v1/health' % os.environ['GRADIO_SERVER_PORT'], timeout=4)"]
CMD ["python", "app.py"]
