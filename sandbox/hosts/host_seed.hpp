#pragma once

#include <string>
#include <string_view>

#include "sandbox/hosts/fleet.hpp"

namespace hatchery::sandbox {

/// cloud-init's NoCloud meta-data: who the host is and whose keys log in.
std::string seed_meta_data(const HostSpec& spec);

/// cloud-init's user-data: the caller's, or an empty cloud-config.
std::string seed_user_data(const HostSpec& spec);

/// A drop-in for ssh.service that replaces whatever cloud-init planted just before sshd starts.
inline constexpr std::string_view kOtherHostKeyDropIn =
    "[Service]\n"
    "ExecStartPre=/bin/sh -c 'rm -f /etc/ssh/ssh_host_*; ssh-keygen -A'\n";

}  // namespace hatchery::sandbox
