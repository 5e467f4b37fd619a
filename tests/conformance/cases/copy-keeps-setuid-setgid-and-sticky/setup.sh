mkdir -p d/sticky d/sgdir; echo s >d/suid; chmod 4755 d/suid; echo g >d/sgid; chmod 2755 d/sgid; chmod 1777 d/sticky; chmod 2775 d/sgdir
