"""The benchmark, `make bench`, compares the site with a minimal Django project.

docs/performance.md explains each row of the output. The modules, lowest level first:

- `stats`, `cpu`, `guard`: arithmetic, CPU time from /proc, and safety checks
- `database`, `people`, `seed`, `servers`: the processes under test, and the test data
- `sink`, `http`, `driver`: the mail server, an HTTP client, and simulated visitors
- `rig`, `drive`: start all processes, run the driver, and measure the CPU time
- `wrk`: put load on a single page with wrk
- `pages`, `signing`, `together`, `growth`, `soak`: the measurements
- `report`, `command`: the result tables, the JSON report, and the command line
"""
