mkdir -p d/real; ln -s real d/link; echo a >a
