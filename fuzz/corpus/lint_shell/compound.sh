if [ -f /a ]; then apt-get install -y "a b"$X 'c'; elif true; then b; else c; fi
for i in 1 2 $(seq 3); do echo $i | tee x; done; while read l; do d; done < f
case "$1" in a|b) e ;; (*) f;; esac && { g; h; } || (i & j)
f() { k; }; function g { l; }
[[ $a == b && ( c =~ ^d|(e)$ ) ]] && (( i++ )) && x=$((1+(2))) m
A=1 B="$(n -x | o)" p --flag=${V:-"q r"} `s t` >out 2>&1 <<<z
arr=(1 2 $(u)) v # comment ; w
cat <<-E >f && y
	body | not a pipe
	E
! time z "a\"b" a\ b $'x\'y' > /dev/null
for ((i=0;i<3;i++)); do aa; done
echo ${x:-${y:-`zz`}} "${q}" <(diff a b) a#b
set -euo pipefail; curl x | sh
\
ab \
 cd
