# What the cache keeps of the site, and for how long: Varnish between the proxy and the
# two web services. Pages say themselves whether they may be kept (Cache-Control).
vcl 4.1;

import directors;
import std;

include "/etc/aaqi/parameters.vcl";

# Answers 503 while the database is away, and while the service is about to be replaced.
probe ready {
    .url = "/readyz";
    .interval = 1s;
    # A service that is down answers at once that it is. One that is busy answers behind
    # what it is doing, and must not count as down.
    .timeout = 20s;
    .window = 3;
    .threshold = 2;
    .initial = 1;
}

# Sockets in a volume that both share: no name that has to be known when this starts,
# and no address that changes with a new container.
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
    # Pages are dropped through a door of their own, which the proxy does not open.
    if (local.socket == "drop") {
        if (req.method != "BAN" || !req.http.X-Drop) {
            return (synth(405));
        }
        if (std.ban("obj.http.X-Path ~ " + req.http.X-Drop)) {
            return (synth(200));
        }
        return (synth(400, std.ban_error()));
    }

    # The proxy has dropped every name with an underscore. These are dropped twice,
    # because WSGI servers may believe them.
    unset req.http.SCRIPT_NAME;
    unset req.http.PATH_INFO;
    unset req.http.QUERY_STRING;
    unset req.http.REQUEST_METHOD;
    unset req.http.REMOTE_ADDR;
    unset req.http.REMOTE_USER;

    set req.backend_hint = web.backend();
    if ((req.method != "GET" && req.method != "HEAD")
        || req.url ~ "^/(admin|accounts)/") {
        return (pass);
    }
    # The site reads /%76oices/ as /voices/, but who drops pages by their path would not
    # find it. No path of ours has to be written like that; what follows "?" may be.
    if (req.url ~ "^[^?]*%") {
        return (pass);
    }
    # Longer than any link to a page; rewriting it would take too much memory.
    if (req.url ~ "^.{4000}") {
        return (pass);
    }
    call drop_unknown_parameters;
    # stale-while-revalidate. Once the web services are down, or have failed at this
    # very request, a page is good for as long as it says itself.
    if (req.restarts == 0 && std.healthy(req.backend_hint)) {
        set req.grace = 2s;
    }
    # Public pages depend on no header. The proxy compresses, so copies are not
    # compressed, and there is one of each page. A date is not asked for: a list can
    # change twice in a second.
    unset req.http.Accept-Encoding;
    unset req.http.Authorization;
    unset req.http.Content-Type;
    unset req.http.If-Modified-Since;
    unset req.http.Range;
    # Past Varnish's own rule about cookies: no public page depends on one.
    return (hash);
}

sub vcl_hash {
    # The address alone. The proxy refuses a host that is not ours, and a page is the
    # same by each of our names, however the host is written.
    hash_data(req.url);
    return (lookup);
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
    # Its copy could be shown to a reader whose headers ask for something else.
    if (beresp.http.Vary) {
        set beresp.ttl = 120s;
        set beresp.uncacheable = true;
        return (deliver);
    }
    # Searches and filters, of which there is no end, can't push out other pages.
    if (bereq.url ~ "\?") {
        set beresp.storage = storage.asked;
    } else {
        set beresp.storage = storage.pages;
    }
    set beresp.http.X-Path = bereq.url;
    set beresp.grace = std.duration(
        regsub(beresp.http.Cache-Control, "^.*stale-if-error=(\d+).*$", "\1s"), 0s);
    # Varnish's own rules follow: nothing that is private or sets a cookie is kept.
}

sub vcl_backend_error {
    if (bereq.is_bgfetch) {
        return (abandon);
    }
    # The other service may answer. What changes something is never sent twice.
    if ((bereq.method == "GET" || bereq.method == "HEAD") && bereq.retries == 0) {
        return (retry);
    }
    # Tells the proxy to answer with the page for this status.
    set beresp.http.X-Unavailable = "503";
    set beresp.http.Cache-Control = "no-store";
    set beresp.ttl = 0s;
    set beresp.grace = 0s;
    return (deliver);
}

sub vcl_deliver {
    if (resp.status >= 500 && req.restarts == 0 && !obj.uncacheable) {
        return (restart);
    }
    unset resp.http.X-Path;
    unset resp.http.X-Varnish;
    unset resp.http.Via;
}
