"""What holds for every test."""

from hypothesis import HealthCheck, settings

# Speed is judged in bench/: how long an example takes says something of the machine alone.
settings.register_profile("policylint", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("policylint")
