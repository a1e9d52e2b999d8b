#include "core/user_data.hpp"

#include "base/json_value.hpp"

namespace hatchery::core {

base::Secret make_user_data(const UserDataInput& input) {
    const base::Json config = {
        // Without `users` an image makes a default user with sudo; nobody needs it.
        {"users", base::Json::array()},
        {"disable_root", false},
        {"ssh_pwauth", false},
        {"ssh_authorized_keys", base::Json::array({input.client_public_key})},
        // A provider that was given no key of its own may set a root password that has expired,
        // and PAM then turns away logins by key too.
        {"chpasswd", {{"expire", false}}},
        {"runcmd", base::Json::array({base::Json::array(
                       {"chage", "--lastday", "-1", "--maxdays", "-1", "root"})})},
        {"ssh_deletekeys", true},
        {"ssh_keys",
         {{"ed25519_private", input.host_private_key.reveal()},
          {"ed25519_public", input.host_public_key}}},
        {"package_update", false},
        {"package_upgrade", false},
    };
    return base::Secret("#cloud-config\n" + base::dump_json(config) + "\n");
}

}  // namespace hatchery::core
