#!/usr/bin/env bash
# Creates the site's two database roles, when the server creates its first database.
#
# Names and passwords come from the same URLs that the site uses. The superuser loses
# its password: from then on, it can only be used from a shell in this container.
set -euo pipefail

# part NUMBER URL_FILE: the user (1) or the password (2) of postgres://user:password@…
part() {
  local url found
  url=$(<"$2")
  # The scheme may be in upper or lower case, as in the site's settings.
  [[ $url =~ ^[Pp][Oo][Ss][Tt][Gg][Rr][Ee][Ss]([Qq][Ll])?://([^:/@]+):([^@/]+)@ ]] || {
    echo "$2 must look like postgres://user:password@db:5432/aaqi." >&2
    exit 1
  }
  found=${BASH_REMATCH[$1 + 1]}
  printf '%b' "${found//%/\\x}"
}

OWNER=$(part 1 "$DATABASE_OWNER_URL_FILE")
OWNER_PASSWORD=$(part 2 "$DATABASE_OWNER_URL_FILE")
SITE=$(part 1 "$DATABASE_URL_FILE")
SITE_PASSWORD=$(part 2 "$DATABASE_URL_FILE")
export OWNER OWNER_PASSWORD SITE SITE_PASSWORD

# A restore needs pg_signal_backend: it ends the site's database sessions before it
# renames the databases.
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
\getenv owner OWNER
\getenv owner_password OWNER_PASSWORD
\getenv site SITE
\getenv site_password SITE_PASSWORD
\getenv database POSTGRES_DB
CREATE ROLE :"owner" LOGIN CREATEDB PASSWORD :'owner_password';
GRANT pg_signal_backend TO :"owner";
CREATE ROLE :"site" LOGIN PASSWORD :'site_password';
ALTER DATABASE :"database" OWNER TO :"owner";
ALTER ROLE CURRENT_USER PASSWORD NULL;
SQL
