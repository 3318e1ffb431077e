FROM python:3.13-slim AS build

RUN python -m venv --without-pip /opt/venv
COPY requirements.txt /tmp/
# Wheels only: nothing is compiled, and no package's own code runs here.
RUN pip --python=/opt/venv/bin/python install --disable-pip-version-check \
    --no-cache-dir --only-binary=:all: --require-hashes --requirement=/tmp/requirements.txt

WORKDIR /srv/aaqi
COPY . .
# A checkout may have been made for its owner's eyes only. The values are for this one
# command, which asks for them and uses none.
RUN chmod -R go=rX . \
    && SITE_URL=http://localhost DJANGO_SECRET_KEY=none DATABASE_URL=postgres://none/none \
    STATIC_ROOT=/srv/static /opt/venv/bin/python manage.py collectstatic --no-input \
    && /opt/venv/bin/python -m compileall -q .


FROM python:3.13-slim

LABEL org.opencontainers.image.title="Americans Against Qualified Immunity" \
    org.opencontainers.image.description="The site: web server, worker and commands" \
    org.opencontainers.image.licenses="MIT"

ENV PATH=/opt/venv/bin:/srv/aaqi:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STATIC_ROOT=/srv/static

# Everything stays root's, so the site cannot change its own code.
RUN useradd --uid=10001 --no-create-home --shell=/usr/sbin/nologin aaqi
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv /srv

WORKDIR /srv/aaqi
USER 10001:10001
EXPOSE 8000
CMD ["gunicorn", "--bind=0.0.0.0:8000", "aaqi.wsgi"]
