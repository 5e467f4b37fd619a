n=$(printf '%0120d' 0); mkdir -p d/$n/$n/$n; echo a >d/$n/$n/$n/f; ln -s $n/$n/$n/f d/link
