# Five images: the site (web services, worker, backups), the database, the proxy, the
# buffer, and the cache.

FROM postgres:18.4 AS database

LABEL org.opencontainers.image.title="Americans Against Qualified Immunity: database" \
    org.opencontainers.image.description="PostgreSQL, which creates the site's roles at its first start"

COPY --chmod=755 deploy/roles.sh /docker-entrypoint-initdb.d/


FROM python:3.13.12-slim AS build

RUN python -m venv --without-pip /opt/venv
COPY requirements.txt /tmp/
# Wheels only, so nothing is compiled and no package runs its own code here.
RUN pip --python=/opt/venv/bin/python install --disable-pip-version-check \
    --no-cache-dir --only-binary=:all: --require-hashes --requirement=/tmp/requirements.txt \
    # The site is in English; other locales would be a tenth of the image.
    && find /opt/venv -path '*/locale/*' \( -name '*.po' -o -name '*.mo' \) \
    -not -path '*/locale/en/*' -delete

WORKDIR /srv/aaqi
COPY . .
# The checkout may be readable by its owner only. collectstatic requires the settings
# below but uses none of them.
RUN chmod -R go=rX . \
    && SITE_URL=http://localhost DJANGO_SECRET_KEY=none DATABASE_URL=postgres://none/none \
    STATIC_ROOT=/srv/static /opt/venv/bin/python manage.py collectstatic --no-input \
    && /opt/venv/bin/python -m compileall -q .


FROM python:3.13.12-slim AS site

LABEL org.opencontainers.image.title="Americans Against Qualified Immunity" \
    org.opencontainers.image.description="The site: web service, worker, backups, and commands" \
    org.opencontainers.image.licenses="MIT"

ENV PATH=/opt/venv/bin:/srv/aaqi:$PATH \
    DEVELOPMENT_DEFAULTS=0 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STATIC_ROOT=/srv/static \
    POSTGRES_PROGRAMS=/opt/postgres/bin

# Pillow loads libfribidi0 at run time to lay out the text of share cards. The others are
# the libraries of pg_dump and pg_restore, which are the database image's own: a dump
# needs programs of the server's version.
RUN apt-get update && apt-get install --yes --no-install-recommends \
    libfribidi0 liblz4-1 libpq5 libzstd1 zlib1g \
    && apt-get clean && rm -rf /var/lib/apt/lists/*
COPY --from=database /usr/lib/postgresql/18/bin/pg_dump /usr/lib/postgresql/18/bin/pg_restore \
    /opt/postgres/bin/
RUN /opt/postgres/bin/pg_dump --version && /opt/postgres/bin/pg_restore --version

# Root owns everything, so the site can't change its own code, except the mount points
# of volumes, which take their owner from here.
RUN useradd --uid=10001 --no-create-home --shell=/usr/sbin/nologin aaqi \
    && install --directory --owner=aaqi --group=aaqi /run/web /srv/published \
    && install --directory --owner=aaqi --group=aaqi --mode=700 /backups
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv /srv
RUN python -c "from PIL import features; assert features.check('raqm')"

WORKDIR /srv/aaqi
USER 10001:10001
CMD ["gunicorn", "aaqi.wsgi"]


# Not deployed: compose.dev.yml mounts the checkout into it.
FROM site AS dev

USER root
COPY requirements-dev.txt /tmp/
RUN python -m venv /tmp/pip && /tmp/pip/bin/pip --python=/opt/venv/bin/python install \
    --disable-pip-version-check --no-cache-dir --only-binary=:all: --require-hashes \
    --requirement=/tmp/requirements-dev.txt && rm -r /tmp/pip
ENV PYTHONPATH=/srv/aaqi


FROM caddy:2.11.7 AS proxy

LABEL org.opencontainers.image.title="Americans Against Qualified Immunity: proxy" \
    org.opencontainers.image.description="TLS, compression, static files, and limits"

# Certificates and their keys are in a volume.
RUN mkdir -p /certificates && chown 10001:10001 /certificates && chmod 700 /certificates
ENV XDG_DATA_HOME=/certificates XDG_CONFIG_HOME=/certificates
COPY deploy/Caddyfile /etc/caddy/Caddyfile
USER 10001:10001


FROM nginx:1.30.0 AS buffer

LABEL org.opencontainers.image.title="Americans Against Qualified Immunity: buffer" \
    org.opencontainers.image.description="Reads bodies in full and limits how many are open"

COPY deploy/buffer.conf /etc/nginx/nginx.conf
USER 10001:10001
CMD ["nginx", "-g", "daemon off;"]


FROM varnish:7.7.3 AS cache

LABEL org.opencontainers.image.title="Americans Against Qualified Immunity: cache" \
    org.opencontainers.image.description="Caches public pages and serves them while the site is down"

COPY deploy/site.vcl deploy/parameters.vcl /etc/aaqi/
# Varnish compiles this file when it starts and loads the result. The number of threads
# is bounded; further requests wait in a queue.
CMD ["varnishd", "-F", "-f", "/etc/aaqi/site.vcl", "-a", "site=:8080", "-a", "drop=:8081", \
    "-s", "pages=malloc,96m", "-s", "asked=malloc,32m", \
    "-s", "Transient=malloc,64m", "-p", "thread_pool_max=300", "-p", "thread_queue_limit=4000", \
    "-p", "default_ttl=0", "-p", "default_grace=0", \
    "-p", "backend_idle_timeout=3", "-p", "vsl_space=4m", "-p", "http_req_hdr_len=16k"]
