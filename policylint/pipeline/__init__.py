"""The straight line: what was named becomes plans, a plan a case, a case a judged release."""
