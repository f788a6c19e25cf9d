# The service in a container. The project (config, data, ledger) lives in the volume /data:
#   docker build -t vigil .
#   docker run -e VIGIL_TOKEN=… -p 127.0.0.1:8000:8000 -v "$PWD/project":/data vigil
# One tick:  docker run --rm -v "$PWD/project":/data --entrypoint python vigil fullprocess.py --config /data/config.json
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    MPLCONFIGDIR=/tmp/matplotlib

WORKDIR /srv/vigil

# First what changes least, so that a change of code does not install anything again.
COPY requirements.txt pyproject.toml ./
RUN pip install --require-hashes -r requirements.txt

COPY *.py ./
COPY vigil/ vigil/

# A project to begin with; a volume mounted there takes its place.
COPY config.json /data/
COPY practicedata/ /data/practicedata/
COPY sourcedata/ /data/sourcedata/

RUN useradd --system --uid 10001 --no-create-home vigil && chown -R vigil:vigil /data
USER vigil
VOLUME /data
EXPOSE 8000

# /healthz needs no token. The port is the one in the config, 8000 unless changed.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]

# Listening beyond the container needs a token, here or in the project; without one the service refuses to start.
ENTRYPOINT ["python", "app.py"]
CMD ["--config", "/data/config.json", "--host", "0.0.0.0"]
