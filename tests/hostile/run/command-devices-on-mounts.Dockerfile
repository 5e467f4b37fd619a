# None does on a mount of the step.
# held
FROM hostile
RUN --mount=type=tmpfs,target=/t --mount=type=cache,target=/c --mount=type=bind,from=hostile,target=/b,rw attack devices /t; attack devices /c; attack devices /b
