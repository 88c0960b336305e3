"""What the files of a repository say together: call sites, jobs, guards, deployments."""
