"""The cluster's own answer: every create and update of an upgrade, sent as a dry run by the user's
kubectl."""
