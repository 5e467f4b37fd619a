mkdir etc; echo mine >etc/passwd; ln -s /etc/passwd link
