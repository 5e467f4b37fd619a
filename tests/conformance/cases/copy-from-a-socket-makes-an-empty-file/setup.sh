cat >mk.c <<'C'
#include <sys/socket.h>
#include <sys/un.h>
int main(void){struct sockaddr_un a={AF_UNIX,"/s/sock"};return bind(socket(AF_UNIX,SOCK_STREAM,0),(void*)&a,sizeof a);}
C
cc -static -o mk mk.c
