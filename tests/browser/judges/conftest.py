"""Prints Lighthouse's scores at the end, whichever process measured them."""


def pytest_terminal_summary(terminalreporter):
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
    ]
    for report in reports:
        for page, scores in report.user_properties:
            terminalreporter.write_line(f"{page}: {scores}")
