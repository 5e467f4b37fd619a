mkdir -p up etc; echo mine >etc/passwd; ln -s ../../../../etc/passwd up/etc-passwd
