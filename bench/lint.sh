#!/bin/sh
# How long the linter takes: many generated Dockerfiles in one process, one
# small file from start to exit, and one file of 10 MB.
#
#   bench/lint.sh IMGBUILD [N_FILES]
#
# Rules only: ShellCheck is another program. Prints milliseconds and memory.
set -eu
imgbuild=$1
n=${2:-3000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")/.." && pwd)
python3 - "$work" "$n" "$here/fixtures" <<'PY'
import glob, random, sys

work, n, fixtures = sys.argv[1], int(sys.argv[2]), sys.argv[3]
random.seed(1)
packages = "curl git vim gcc make python3 nginx=1.2 ca-certificates jq".split()
real = [open(p, errors="replace").read()
        for p in sorted(glob.glob(fixtures + "/parse/real-*.dockerfile"))]
bodies = [
    lambda: "RUN apt-get update && \\\n    apt-get install -y %s && \\\n"
            "    rm -rf /var/lib/apt/lists/*\n"
            % " \\\n      ".join(random.sample(packages, 5)),
    lambda: "RUN set -eux; if [ -f /x ]; then cd /x; else make -j$(nproc); fi"
            " | tee /log\n",
    lambda: "ENV A_%d=1 B=$A PATH=/x:$PATH\n" % random.randrange(99),
    lambda: "COPY --chown=1:1 a%d b /srv/\n" % random.randrange(99),
    lambda: "RUN pip install flask==1 requests && npm install -g x@1\n",
    lambda: "LABEL a.b=%d\nWORKDIR /app\nUSER 1000\n" % random.randrange(9),
    lambda: "RUN for i in 1 2 3; do\\\n  curl -fsSL \"http://x/$i\" | sh;\\\n"
            "  # a comment\n  done\n",
    lambda: "EXPOSE 80/tcp\nHEALTHCHECK CMD curl -f http://x\n",
]
for i in range(n):
    if i % 10 == 0:
        text = random.choice(real)
    else:
        text = "FROM debian:12 AS a%d\n" % i + "".join(
            random.choice(bodies)() for _ in range(random.randint(4, 24)))
        text += 'CMD ["x"]\n'
    open("%s/%05d.Dockerfile" % (work, i), "w").write(text)
open(work + "/big", "w").write("FROM debian:12\n" + "".join(
    random.choice(bodies)() for _ in range(90000)))
open(work + "/small", "w").write("FROM debian\nRUN cd /a && apt-get install b\n")
PY
cat > "$work/time.py" <<'PY'
import os, subprocess, sys, time

what, count, repeat = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
best = 1e9
for _ in range(repeat):
    start = time.monotonic()
    pid = os.posix_spawn(sys.argv[4], sys.argv[4:], os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    os.waitpid(pid, 0)
    best = min(best, time.monotonic() - start)
# This process's own memory counts in its children's; time(1) has next to none.
try:
    told = subprocess.run(["/usr/bin/time", "-f", "%M", *sys.argv[4:]],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    memory = "%.1f MB" % (int(told.stderr.split()[-1]) / 1024)
except FileNotFoundError:
    memory = "memory unknown without /usr/bin/time"
print("%-28s %9.3f ms   %7.4f ms each   %s" % (
    what, best * 1e3, best * 1e3 / count, memory))
PY
export HOME=/nonexistent
python3 "$work/time.py" "$n files" "$n" 5 "$imgbuild" lint --no-shellcheck "$work"
python3 "$work/time.py" "one small file" 1 50 "$imgbuild" lint --no-shellcheck "$work/small"
python3 "$work/time.py" "one file of $(($(wc -c <"$work/big") >> 20)) MB" 1 3 \
	"$imgbuild" lint --no-shellcheck "$work/big"
