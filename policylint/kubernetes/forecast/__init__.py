"""The forecast: what the API server will answer to an upgrade and to the way back.

live'  = default(apply(method, base, live, target))    three-way patch | server-side apply | replace
answer = validate_update(live, live')                  accepted | rejected | depends
"""

from policylint.kubernetes.forecast.cluster import Cluster
from policylint.kubernetes.forecast.release import forecast

__all__ = ["Cluster", "forecast"]
