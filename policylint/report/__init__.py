"""What a run found: the model of a report and the formats it is written in."""
