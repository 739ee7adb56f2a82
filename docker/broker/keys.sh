#!/bin/sh
# keys.sh FOLDER HOST UID: an authority, the broker's certificate for HOST, passwords for bus-042, dispatch and the page.
# What is there already stays; everything belongs to UID, for nobody else to read.
set -eu
umask 077
folder=$1 host=$2 owner=$3
cd "$folder"
if [ ! -f ca.pem ]; then
    openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj "/CN=EMVAS authority" \
        -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" \
        -keyout ca.key -out ca.pem
fi
if [ ! -f broker.pem ]; then
    openssl req -newkey rsa:3072 -nodes -subj "/CN=$host" -keyout broker.key -out broker.csr
    printf 'subjectAltName=DNS:%s\nextendedKeyUsage=serverAuth\n' "$host" >broker.ext
    openssl x509 -req -in broker.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 825 -extfile broker.ext -out broker.pem
    rm broker.csr broker.ext
fi
touch passwords
for user in bus-042 dispatch; do
    [ -f "$user-password" ] && continue
    openssl rand -base64 24 | tr -d '\n' >"$user-password"
    mosquitto_passwd -b passwords "$user" "$(cat "$user-password")"
done
[ -f dashboard-password ] || openssl rand -base64 24 | tr -d '\n' >dashboard-password
chown -R "$owner" .
