#!/usr/bin/perl
# Stands in for systemctl where no systemd runs, for tests: starts what an installed unit says, as its user, with its folders and environment,
# and waits until the program says READY=1. It confines nothing. Knows start, restart, stop, reload, is-active and daemon-reload.
use strict;
use warnings;
use IO::Socket::UNIX;
use POSIX qw(setsid setuid setgid);

my @words = grep { !/^-/ } @ARGV;
my $verb = shift @words // '';
my $run = '/run/stand-in';
mkdir $run, 0755;

sub unit {
    my $name = shift;
    $name .= '.service' unless $name =~ /\.\w+$/;
    my ($file) = grep { -e } map { "$_/$name" } '/etc/systemd/system', '/usr/lib/systemd/system';
    die "Unit $name could not be found.\n" unless $file;
    my (%of, $section);
    open my $in, '<', $file or die "$file: $!\n";
    while (<$in>) {
        next if /^\s*[#;]/;
        $of{$1} = $2 if /^(\w+)=(.*)$/;
    }
    return ($name, \%of);
}

sub pid_of {
    my $name = shift;
    open my $in, '<', "$run/$name.pid" or return;
    chomp(my $pid = <$in> // '');
    return $pid && kill(0, $pid) ? $pid : undef;
}

sub folder {
    my ($path, $mode, $uid, $gid) = @_;
    mkdir $path or $!{EEXIST} or die "$path: $!\n";
    chown $uid, $gid, $path;
    chmod oct($mode), $path;
}

sub start {
    my ($name, $of) = @_;
    return if pid_of($name);
    my ($uid, $gid, $home) = (0, 0, '/');
    if (my $user = $of->{User}) {
        my @known = getpwnam $user;
        die "$name: there is no user $user\n" unless @known || ($of->{DynamicUser} // '') eq 'yes';
        ($uid, $gid) = @known ? @known[2, 3] : (61184, 61184);
    }
    my %env = (PATH => '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin', LANG => 'C.UTF-8', INVOCATION_ID => '0' x 32);
    if (my $state = $of->{StateDirectory}) {
        my $mode = $of->{StateDirectoryMode} // '0755';
        $env{STATE_DIRECTORY} = "/var/lib/$state";
        if (($of->{DynamicUser} // '') eq 'yes') {
            folder('/var/lib/private', '0711', 0, 0);
            folder("/var/lib/private/$state", $mode, $uid, $gid);
            symlink "private/$state", "/var/lib/$state" unless -l "/var/lib/$state";
        } else { folder("/var/lib/$state", $mode, $uid, $gid) }
    }
    if (my $folder = $of->{RuntimeDirectory}) {
        folder("/run/$folder", $of->{RuntimeDirectoryMode} // '0755', $uid, $gid);
        $env{RUNTIME_DIRECTORY} = "/run/$folder";
    }
    my $door = "$run/$name.notify";
    unlink $door;
    my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $door) or die "$door: $!\n";
    chmod 0666, $door;
    $env{NOTIFY_SOCKET} = $door if ($of->{Type} // '') eq 'notify';
    $env{$1} = $2 while ($of->{Environment} // '') =~ /"?([A-Z_]+)=([^"\s]*)"?/g;
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        setsid();
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "/var/log/$name.log";
        open STDERR, '>&', \*STDOUT;
        umask oct($of->{UMask} // '0022');
        if ($uid) { $) = "$gid $gid"; setgid($gid); setuid($uid) }
        chdir($of->{WorkingDirectory} // '/') or die "WorkingDirectory: $!\n";
        %ENV = %env;
        exec split ' ', $of->{ExecStart};
        die "$of->{ExecStart}: $!\n";
    }
    open my $out, '>', "$run/$name.pid" or die "$run/$name.pid: $!\n";
    print $out "$pid\n";
    close $out;
    if (($of->{Type} // '') eq 'notify') {
        local $SIG{ALRM} = sub { die "$name was not ready in 60 s; see /var/log/$name.log\n" };
        local $SIG{CHLD} = sub { die "$name ended before it was ready; see /var/log/$name.log\n" };
        alarm 60;
        while (1) {
            next unless defined $socket->recv(my $said, 8192);
            last if $said =~ /^READY=1$/m;
        }
        alarm 0;
    }
}

sub stop {
    my $name = shift;
    my $pid = pid_of($name) or return;
    kill 'TERM', $pid;
    for (1 .. 900) { last unless kill 0, $pid; waitpid $pid, 1; select undef, undef, undef, 0.1 }
    kill 'KILL', -$pid if kill 0, $pid;
    unlink "$run/$name.pid";
}

exit 0 if $verb eq 'daemon-reload';
for my $word (@words) {
    my ($name, $of) = unit($word);
    if ($verb eq 'is-active') { exit(pid_of($name) ? 0 : 3) }
    elsif ($verb eq 'start') { start($name, $of) }
    elsif ($verb eq 'stop') { stop($name) }
    elsif ($verb eq 'restart') { stop($name); start($name, $of) }
    elsif ($verb eq 'reload') { kill 'HUP', pid_of($name) // die "$name does not run\n" }
    else { die "the stand-in for systemctl does not know $verb\n" }
}
