# The query parameters of each public page; all others are dropped, so that they don't
# add cache keys. Generated from the URLs by `make manage c="write_cache_rules"`.
sub drop_unknown_parameters {
    unset req.http.X-Asked;
    if (req.url ~ "^/(?:|explained/|about/|privacy/|accessibility/|how\-we\-count/|how\-we\-moderate/)\?") {
        set req.http.X-Asked = "";
    } elseif (req.url ~ "^/(?:search/)\?") {
        set req.http.X-Asked = "";
        if (req.url ~ "^[^?]*\?(?:.*&)?(q=[^&]+)") {
            set req.http.X-Asked = req.http.X-Asked + "&"
                + regsub(req.url, "^[^?]*\?(?:.*&)?(q=[^&]+).*$", "\1");
        }
    } elseif (req.url ~ "^/(?:share/|share/poster/|share/table\-tent/|share/tear\-off/)\?") {
        set req.http.X-Asked = "";
    } elseif (req.url ~ "^/(?:embed/)\?") {
        set req.http.X-Asked = "";
        if (req.url ~ "^[^?]*\?(?:.*&)?(theme=(?:light|dark)(?=&|$))") {
            set req.http.X-Asked = req.http.X-Asked + "&"
                + regsub(req.url, "^[^?]*\?(?:.*&)?(theme=(?:light|dark)(?=&|$)).*$", "\1");
        }
    } elseif (req.url ~ "^/(?:card\.png|sitemap\.xml|sitemap/(?:[-a-zA-Z0-9_]+)\.xml|robots\.txt)\?") {
        set req.http.X-Asked = "";
    } elseif (req.url ~ "^/(?:favicon\.ico)\?") {
        # Not cached, so its query stays as it is.
    } elseif (req.url ~ "^/(?:faq/)\?") {
        set req.http.X-Asked = "";
        if (req.url ~ "^[^?]*\?(?:.*&)?(q=[^&]+)") {
            set req.http.X-Asked = req.http.X-Asked + "&"
                + regsub(req.url, "^[^?]*\?(?:.*&)?(q=[^&]+).*$", "\1");
        }
    } elseif (req.url ~ "^/(?:faq/(?:[-a-zA-Z0-9_]+)/)\?") {
        set req.http.X-Asked = "";
    } elseif (req.url ~ "^/(?:cases/)\?") {
        set req.http.X-Asked = "";
        if (req.url ~ "^[^?]*\?(?:.*&)?(state=[^&]+)") {
            set req.http.X-Asked = req.http.X-Asked + "&"
                + regsub(req.url, "^[^?]*\?(?:.*&)?(state=[^&]+).*$", "\1");
        }
        if (req.url ~ "^[^?]*\?(?:.*&)?(kind=[^&]+)") {
            set req.http.X-Asked = req.http.X-Asked + "&"
                + regsub(req.url, "^[^?]*\?(?:.*&)?(kind=[^&]+).*$", "\1");
        }
    } elseif (req.url ~ "^/(?:cases/(?:[-a-zA-Z0-9_]+)/|cases/(?:[-a-zA-Z0-9_]+)/card\.png)\?") {
        set req.http.X-Asked = "";
    } elseif (req.url ~ "^/(?:voices/)\?") {
        set req.http.X-Asked = "";
        if (req.url ~ "^[^?]*\?(?:.*&)?(state=[^&]+)") {
            set req.http.X-Asked = req.http.X-Asked + "&"
                + regsub(req.url, "^[^?]*\?(?:.*&)?(state=[^&]+).*$", "\1");
        }
        if (req.url ~ "^[^?]*\?(?:.*&)?(profession=[^&]+)") {
            set req.http.X-Asked = req.http.X-Asked + "&"
                + regsub(req.url, "^[^?]*\?(?:.*&)?(profession=[^&]+).*$", "\1");
        }
        if (req.url ~ "^[^?]*\?(?:.*&)?(q=[^&]+)") {
            set req.http.X-Asked = req.http.X-Asked + "&"
                + regsub(req.url, "^[^?]*\?(?:.*&)?(q=[^&]+).*$", "\1");
        }
        if (req.url ~ "^[^?]*\?(?:.*&)?(before=[^&]+)") {
            set req.http.X-Asked = req.http.X-Asked + "&"
                + regsub(req.url, "^[^?]*\?(?:.*&)?(before=[^&]+).*$", "\1");
        }
        if (req.url ~ "^[^?]*\?(?:.*&)?(sort=(?:featured)(?=&|$))") {
            set req.http.X-Asked = req.http.X-Asked + "&"
                + regsub(req.url, "^[^?]*\?(?:.*&)?(sort=(?:featured)(?=&|$)).*$", "\1");
        }
    } elseif (req.url ~ "^/(?:voices/counts\.csv|voices/counts\.json|voices/(?:[1-9][0-9]*)/|voices/(?:[1-9][0-9]*)/card\.png)\?") {
        set req.http.X-Asked = "";
    } elseif (req.url ~ "^/(?:voices/(?:[1-9][0-9]*)/report/)\?") {
        # Not cached, so its query stays as it is.
    } elseif (req.url ~ "^/(?:voices/feed/)\?") {
        set req.http.X-Asked = "";
    } elseif (req.url ~ "^/(?:voices/founding/|voices/founding/thank\-you/|voices/report/thank\-you/|voices/add/|voices/check\-your\-email/(?:[A-Za-z0-9_.:-]{1,300})/|voices/confirm/(?:[A-Za-z0-9_.:-]{1,300})/|voices/not\-me/(?:[A-Za-z0-9_.:-]{1,300})/|voices/manage/|voices/manage/sent/|voices/manage/erased/|voices/manage/(?:[A-Za-z0-9_.:-]{1,300})/|voices/manage/(?:[A-Za-z0-9_.:-]{1,300})/data/|voices/manage/(?:[A-Za-z0-9_.:-]{1,300})/edit/(?:[1-9][0-9]*)/|voices/new\-address/(?:[A-Za-z0-9_.:-]{1,300})/|voices/stop\-repeats/(?:[A-Za-z0-9_.:-]{1,300})/|voices/thank\-you/|voices/unsubscribe/(?:[A-Za-z0-9_.:-]{1,300})/|rankings/report/|rankings/report/thank\-you/)\?") {
        # Not cached, so its query stays as it is.
    } elseif (req.url ~ "^/(?:rankings/)\?") {
        set req.http.X-Asked = "";
        if (req.url ~ "^[^?]*\?(?:.*&)?(sort=[^&]+)") {
            set req.http.X-Asked = req.http.X-Asked + "&"
                + regsub(req.url, "^[^?]*\?(?:.*&)?(sort=[^&]+).*$", "\1");
        }
    } elseif (req.url ~ "^/(?:rankings/compare/)\?") {
        set req.http.X-Asked = "";
        set req.http.X-Asked = req.http.X-Asked
            + regsuball(regsub(req.url, "^[^?]*\?", "&"), "&(?!s=[^&]+)[^&]*", "");
    } elseif (req.url ~ "^/(?:rankings/methodology/|rankings/changes/|rankings/changes/feed/|rankings/data\.csv|rankings/data\.json)\?") {
        set req.http.X-Asked = "";
    } elseif (req.url ~ "^/(?:rankings/editions/(?:[0-9]{4}-[0-9]{2}-[0-9]{2})/)\?") {
        set req.http.X-Asked = "";
        if (req.url ~ "^[^?]*\?(?:.*&)?(sort=[^&]+)") {
            set req.http.X-Asked = req.http.X-Asked + "&"
                + regsub(req.url, "^[^?]*\?(?:.*&)?(sort=[^&]+).*$", "\1");
        }
    } elseif (req.url ~ "^/(?:rankings/editions/(?:[0-9]{4}-[0-9]{2}-[0-9]{2})/data\.csv|rankings/editions/(?:[0-9]{4}-[0-9]{2}-[0-9]{2})/data\.json|rankings/editions/(?:[0-9]{4}-[0-9]{2}-[0-9]{2})/methodology/|rankings/editions/(?:[0-9]{4}-[0-9]{2}-[0-9]{2})/(?:[-a-zA-Z0-9_]+)/|rankings/(?:[-a-zA-Z0-9_]+)/|rankings/(?:[-a-zA-Z0-9_]+)/card\.png|\.well\-known/security\.txt)\?") {
        set req.http.X-Asked = "";
    } elseif (req.url ~ "^/(?:healthz|readyz)\?") {
        # Not cached, so its query stays as it is.
    }
    if (req.http.X-Asked) {
        set req.url = regsub(req.url, "\?.*$", "")
            + regsub(req.http.X-Asked, "^&", "?");
        unset req.http.X-Asked;
    }
}
