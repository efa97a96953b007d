"""Where the tasks of long commands run: this process, several of this machine, or a Dask cluster."""
