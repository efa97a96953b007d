"""What of images is linear, found in closed form: principal components, and their scores given what is shown."""
