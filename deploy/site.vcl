# What Varnish caches of the site, and for how long. It is between the buffer and the
# two web services. Pages say whether they may be cached (Cache-Control).
vcl 4.1;

import directors;
import std;

include "/etc/aaqi/parameters.vcl";

# /readyz returns a 503 while the database is unavailable, a migration isn't applied, or
# the service is about to be replaced.
probe ready {
    .url = "/readyz";
    .interval = 1s;
    # Long, because a busy service answers late and must not count as down. One that is
    # down fails at once.
    .timeout = 20s;
    .window = 3;
    .threshold = 2;
    .initial = 1;
}

# Sockets in a shared volume, so that Varnish needs no host name when it starts and no
# address that changes with a new container.
backend web_a {
    .path = "/run/web/web-a.sock";
    .probe = ready;
    .connect_timeout = 2s;
    .first_byte_timeout = 40s;
    .between_bytes_timeout = 10s;
    .max_connections = 200;
}

backend web_b {
    .path = "/run/web/web-b.sock";
    .probe = ready;
    .connect_timeout = 2s;
    .first_byte_timeout = 40s;
    .between_bytes_timeout = 10s;
    .max_connections = 200;
}

sub vcl_init {
    new web = directors.round_robin();
    web.add_backend(web_a);
    web.add_backend(web_b);
}

sub vcl_recv {
    # Purges come in on a separate port, which the proxy doesn't expose.
    if (local.socket == "drop") {
        if (req.method != "BAN" || !req.http.X-Drop) {
            return (synth(405));
        }
        if (std.ban("obj.http.X-Path ~ " + req.http.X-Drop)) {
            return (synth(200));
        }
        return (synth(400, std.ban_error()));
    }

    # The proxy has dropped every header with an underscore. These are dropped again,
    # because WSGI servers may trust them.
    unset req.http.SCRIPT_NAME;
    unset req.http.PATH_INFO;
    unset req.http.QUERY_STRING;
    unset req.http.REQUEST_METHOD;
    unset req.http.REMOTE_ADDR;
    unset req.http.REMOTE_USER;
    # X-Brotli is our own header: whether to look for the copy in Brotli. The second
    # restart looks for the other copy, in case there is none in Brotli while the site
    # is down.
    if (req.restarts != 1) {
        unset req.http.X-Brotli;
    }

    set req.backend_hint = web.backend();
    if ((req.method != "GET" && req.method != "HEAD")
        || req.url ~ "^/(admin|accounts)/") {
        return (pass);
    }
    # The site reads /%76oices/ as /voices/, but a purge by path wouldn't find that
    # copy. None of our paths needs percent-encoding; the query may.
    if (req.url ~ "^[^?]*%") {
        return (pass);
    }
    # The site reads ?%73tate=TX as ?state=TX; the rules below know literal names only.
    if (req.url ~ "[?&][^=&]*%") {
        return (pass);
    }
    # Longer than any link to a page; rewriting it would take too much memory.
    if (req.url ~ "^.{4000}") {
        return (pass);
    }
    call drop_unknown_parameters;
    # The time for stale-while-revalidate. If the web services are down, or have failed
    # for this request, a stale page is served for as long as its stale-if-error says.
    if (req.restarts == 0 && std.healthy(req.backend_hint)) {
        set req.grace = 2s;
    }
    # Public pages depend on no header, except that there are two copies of each, as the
    # site compressed them: in Brotli, and in gzip, which Varnish unpacks for the few
    # readers who accept neither. If-Modified-Since is dropped because a list can change
    # twice in a second.
    if (req.restarts == 0 && req.http.Accept-Encoding
        ~ "(?i)(^|,)\s*br\s*(;\s*q=(1(\.0*)?|0\.\d*[1-9]\d*)\s*)?(,|$)") {
        set req.http.X-Brotli = "1";
    }
    unset req.http.Authorization;
    unset req.http.Content-Type;
    unset req.http.If-Modified-Since;
    unset req.http.Range;
    # Skip Varnish's built-in cookie rule: no public page depends on a cookie.
    return (hash);
}

sub vcl_hash {
    # The URL without the host. The proxy refuses other hosts, and a page is the same
    # under each of our host names, however they are written.
    hash_data(req.url);
    if (req.http.X-Brotli) {
        hash_data("br");
    }
    return (lookup);
}

sub vcl_backend_fetch {
    # Varnish asks for gzip by itself.
    if (bereq.http.X-Brotli) {
        set bereq.http.Accept-Encoding = "br";
        unset bereq.http.X-Brotli;
    }
}

sub vcl_backend_response {
    if (beresp.status >= 500) {
        if (bereq.is_bgfetch) {
            return (abandon);
        }
        set beresp.ttl = 0s;
        set beresp.grace = 0s;
        return (deliver);
    }
    # Don't cache a response that varies by another header: the copy could be served to
    # a reader whose headers ask for something else.
    if (beresp.http.Vary && beresp.http.Vary != "Accept-Encoding") {
        set beresp.ttl = 120s;
        set beresp.uncacheable = true;
        return (deliver);
    }
    # Remember only briefly what can't be cached (forms, redirects, 404s). The built-in
    # two minutes for every URL that somebody makes up could fill the memory.
    if (beresp.http.Cache-Control !~ "s-maxage") {
        set beresp.ttl = 5s;
        set beresp.grace = 0s;
        set beresp.uncacheable = true;
        return (deliver);
    }
    # Unlimited searches and filters must not evict other pages.
    if (bereq.url ~ "\?") {
        set beresp.storage = storage.asked;
    } else {
        set beresp.storage = storage.pages;
    }
    set beresp.http.X-Path = bereq.url;
    set beresp.grace = std.duration(
        regsub(beresp.http.Cache-Control, "^.*stale-if-error=(\d+).*$", "\1s"), 0s);
    # Varnish's built-in rules follow: nothing private or with Set-Cookie is cached.
}

sub vcl_backend_error {
    if (bereq.is_bgfetch) {
        return (abandon);
    }
    # Retry, because the other service may answer. Never retry a request that may change
    # something.
    if ((bereq.method == "GET" || bereq.method == "HEAD") && bereq.retries == 0) {
        return (retry);
    }
    # Tells the proxy to answer with the error page for this status.
    set beresp.http.X-Unavailable = "503";
    set beresp.http.Cache-Control = "no-store";
    set beresp.ttl = 0s;
    set beresp.grace = 0s;
    return (deliver);
}

sub vcl_deliver {
    if (resp.status >= 500 && !obj.uncacheable
        && (req.restarts == 0 || (req.restarts == 1 && req.http.X-Brotli))) {
        return (restart);
    }
    unset resp.http.X-Path;
    unset resp.http.X-Varnish;
    unset resp.http.Via;
}
