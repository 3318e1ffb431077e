#!/usr/bin/env bash
# Makes the site's two database roles, once, when the server makes its first database.
#
# Names and passwords are those in the addresses that the site itself is given. The
# superuser loses its password: from then on it is for a shell in this container only.
set -euo pipefail

# part NUMBER URL_FILE: the user (1) or the password (2) of postgres://user:password@…
part() {
  local url found
  url=$(<"$2")
  # The scheme in any case, as the site takes it.
  [[ $url =~ ^[Pp][Oo][Ss][Tt][Gg][Rr][Ee][Ss]([Qq][Ll])?://([^:/@]+):([^@/]+)@ ]] || {
    echo "$2 takes the form postgres://user:password@db:5432/aaqi." >&2
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

# pg_signal_backend is for restoring, which ends all sessions of the site first.
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
