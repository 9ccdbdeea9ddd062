#!/bin/sh
# First process of a node, inside the node's own namespaces: gives it folders, /run and control groups of its own, then
# stays as the process that takes over orphans.
#   node-init.sh <name> <folder of the node's files> <pause program> <hierarchy>=<mount options>...
set -e
name=$1 files=$2 pause=$3
shift 3

# Mounts that pods make reach kubelet, and never the machine.
mount --make-rshared /
mount --bind "$files/var-lib" /var/lib
mount --bind "$files/var-log" /var/log
mount -t tmpfs -o mode=755 tmpfs /run
mount --make-shared /run
mkdir -p /run/netns /run/lock /var/lib/kubelet /var/lib/containerd /var/lib/cni /var/log/pods

# In the node's cgroup namespace a fresh mount shows its own group as the root, so agents find it at the usual paths.
umount -R /sys
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
for hierarchy; do
  directory=/sys/fs/cgroup/${hierarchy%%=*}
  mkdir "$directory"
  mount -t cgroup -o "${hierarchy#*=}" cgroup "$directory"
  case ${hierarchy%%=*} in
    *,*) for controller in $(echo "${hierarchy%%=*}" | tr , ' '); do ln -s "$directory" "/sys/fs/cgroup/$controller"; done ;;
  esac
done

hostname "$name"
exec "$pause"
