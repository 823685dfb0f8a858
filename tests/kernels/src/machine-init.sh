# Sets up a machine of the test bed. The root directory is the host's, and read-only.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs machine /media
mount -t tmpfs run /run
mount -t tmpfs state /var/lib/nfs
echo "$NAME" > /proc/sys/kernel/hostname
# modprobe(8) looks for modules in a folder `lib/modules`.
mkdir -p /media/kernel/lib
ln -s /usr/lib/uml/modules /media/kernel/lib/modules
cat > /media/modprobe <<'MODPROBE'
#!/bin/sh
exec /sbin/modprobe -d /media/kernel "$@"
MODPROBE
chmod +x /media/modprobe
echo /media/modprobe > /proc/sys/kernel/modprobe
# Servers look their clients' names up, and there is no other answer.
printf '127.0.0.1 localhost\n10.9.0.1 server\n10.9.0.2 a\n10.9.0.3 b\n' > /media/hosts
mount --bind /media/hosts /etc/hosts
ip link set lo up
ip address add "$ADDRESS/24" dev vec0
ip link set vec0 up
mkdir /media/share /media/disk
# What an owner does. The oracle needs each line as one write, at once: before the lock is released.
cat > /media/tenure <<'TENURE'
#!/bin/sh
echo "$NAME begin $1" > /dev/ttyS0
if [ "${2-}" = hold ]; then
    read -r line
fi
echo "$NAME end $1" > /dev/ttyS0
TENURE
chmod +x /media/tenure
