"""Request headers that some server, framework, or proxy trusts, and ours must not.

`make test` sends them to gunicorn directly; the deployment proof sends them through the
whole chain. Left out are those that rightly change the response: another Host (400 or
421), Expect (417), a Content-Type that we can't read (400), the page's own ETag in
If-None-Match (304), and an If-Match or If-Unmodified-Since that fails (412).
"""

ELSEWHERE = "/rankings/"
EVIL = "evil.example"
AHEAD = "Fri, 01 Jan 2100 00:00:00 GMT"

# Never sent to a site that trusts them: behind our proxy, only the proxy sets them.
SET_BY_OUR_PROXY = {"X-Forwarded-For", "X-Forwarded-Proto"}

WSGI = {
    "PATH_INFO": ELSEWHERE,
    "QUERY_STRING": "q=x&state=TX",
    "REQUEST_METHOD": "POST",
    "REQUEST_URI": ELSEWHERE,
    "RAW_URI": ELSEWHERE,
    "REMOTE_ADDR": "203.0.113.66",
    "REMOTE_USER": "staff",
    "SERVER_NAME": EVIL,
    "SERVER_PORT": "1",
    "HTTP_HOST": EVIL,
    "HTTPS": "on",
    "WSGI_URL_SCHEME": "https",
    "X_FORWARDED_FOR": "203.0.113.66",
    "X_FORWARDED_HOST": EVIL,
    "X_FORWARDED_PROTO": "http",
    "CONTENT_LENGTH": "9999999",
    "CONTENT_TYPE": "text/plain; charset=hex",
    # The same with hyphens.
    "Script-Name": "/privacy",
    "Path-Info": ELSEWHERE,
    "Query-String": "q=x",
    "Request-Method": "POST",
    "Remote-Addr": "203.0.113.66",
    "Remote-User": "staff",
    "Https": "on",
}
FORWARDED = {
    "Forwarded": f"for=203.0.113.66;host={EVIL};proto=http",
    "X-Forwarded-For": "203.0.113.66, 203.0.113.67",
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Protocol": "ssl",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Prefix": "/privacy",
    "X-Forwarded-Path": ELSEWHERE,
    "X-Forwarded-Uri": ELSEWHERE,
    "X-Forwarded-Scheme": "http",
    "X-Forwarded-Server": EVIL,
    "X-Forwarded-Ssl": "off",
    "X-Forwarded-By": EVIL,
    "X-Scheme": "http",
    "X-Url-Scheme": "http",
    "Front-End-Https": "off",
    "X-Host": EVIL,
    "X-Original-Host": EVIL,
    "X-HTTP-Host-Override": EVIL,
    "X-Real-IP": "203.0.113.66",
    "X-Client-IP": "203.0.113.66",
    "X-Cluster-Client-IP": "203.0.113.66",
    "True-Client-IP": "203.0.113.66",
    "CF-Connecting-IP": "203.0.113.66",
    "CF-Visitor": '{"scheme":"http"}',
    "Fastly-Client-IP": "203.0.113.66",
    "Via": f"1.1 {EVIL}",
    "X-Varnish": "1 2",
    "X-Drop": ".",
    "X-Path": ELSEWHERE,
    "X-Asked": "&q=x",
    "X-Brotli": "1",
    "X-Unavailable": "1",
    "X-Accel-Redirect": ELSEWHERE,
    "X-Sendfile": "/etc/passwd",
    "X-Request-ID": "00000000-0000-0000-0000-000000000000",
}
OVERRIDES = {
    "X-Original-URL": ELSEWHERE,
    "X-Rewrite-URL": ELSEWHERE,
    "X-Override-URL": ELSEWHERE,
    "X-Original-URI": ELSEWHERE,
    "X-Original-Method": "POST",
    "X-HTTP-Method": "POST",
    "X-HTTP-Method-Override": "POST",
    "X-Method-Override": "DELETE",
}
ASKED_FOR = {
    "Accept": "application/json",
    "Accept-Charset": "utf-16",
    "Accept-Language": "es-MX, ar;q=0.9",
    "Accept-Encoding": "identity",
    "X-Requested-With": "XMLHttpRequest",
    "User-Agent": "Googlebot/2.1",
    "Referer": f"https://{EVIL}/",
    "Origin": f"https://{EVIL}",
    "DNT": "1",
    "Save-Data": "on",
    "Sec-Fetch-Mode": "cors",
    "HX-Request": "true",
    "Purpose": "prefetch",
    "Cookie": "sessionid=x; __Host-sessionid=y; messages=z; django_language=es",
    "Authorization": "Basic YWRtaW46YWRtaW4=",
    "Proxy-Authorization": "Basic YWRtaW46YWRtaW4=",
    "Cache-Control": "no-cache, no-store, max-age=0",
    "Pragma": "no-cache",
    "Range": "bytes=0-9",
    "If-Range": '"x"',
    "If-None-Match": '"x"',
    "If-Modified-Since": AHEAD,
    "Content-Type": "text/plain",
    "Max-Forwards": "0",
    "Early-Data": "1",
    "Prefer": "return=minimal",
}
HOPS = {
    "Connection": "close, X-Forwarded-Proto, X-Forwarded-For, Host, Cookie",
    "Keep-Alive": "timeout=1",
    "Proxy-Connection": "keep-alive",
    "TE": "trailers",
    "Trailer": "X-Forwarded-Proto",
    "Upgrade": "h2c",
    "HTTP2-Settings": "AAMAAABkAARAAAAAAAIAAAAA",
}


def tricks(path: str) -> dict[str, str]:
    """Return all of them, with values that would change the page at `path`."""
    prefix = path.partition("?")[0].rstrip("/")
    return {
        "SCRIPT_NAME": prefix or "/none",
        "Script_Name": "/none",
        **WSGI,
        **FORWARDED,
        **OVERRIDES,
        **ASKED_FOR,
        **HOPS,
    }
