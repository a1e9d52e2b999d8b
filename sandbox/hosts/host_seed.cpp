#include "sandbox/hosts/host_seed.hpp"

#include <nlohmann/json.hpp>

namespace hatchery::sandbox {

std::string seed_meta_data(const HostSpec& spec) {
    // JSON is YAML, and cannot be broken out of by a name or a key's comment.
    const nlohmann::json meta{{"instance-id", std::to_string(spec.id)},
                              {"local-hostname", spec.name},
                              {"public-keys", spec.authorized_keys}};
    return meta.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string seed_user_data(const HostSpec& spec) {
    return spec.user_data.empty() ? "#cloud-config\n{}\n" : spec.user_data;
}

}  // namespace hatchery::sandbox
