mkdir l; ln -s ../run/resolv.conf l/resolv.conf
