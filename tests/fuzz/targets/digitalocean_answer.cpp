#include "base/json_value.hpp"
#include "fuzz.hpp"
#include "providers/digitalocean/codec.hpp"
#include "providers/digitalocean/errors.hpp"

using namespace hatchery;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = fuzz::text_of(data, size);
    namespace digitalocean = providers::digitalocean;
    using providers::ResourceKind;
    ports::HttpResponse response{.status = 422, .headers = {}, .body = std::string(text)};
    const auto error = digitalocean::refusal({.what = "the server"}, response, {});
    fuzz::must(!error.message.empty(), "a refusal says something");
    const auto json = base::parse_json(text);
    if (!json) return 0;
    (void)digitalocean::decode_droplet(*json);
    (void)digitalocean::next_page(*json, 1);
    (void)digitalocean::decode_image(*json);
    (void)digitalocean::decode_account(*json);
    for (const auto kind :
         {ResourceKind::snapshot, ResourceKind::firewall, ResourceKind::ssh_key}) {
        (void)digitalocean::decode_resource(kind, *json);
    }
    std::map<std::string, digitalocean::Region> regions;
    if (auto region = digitalocean::decode_region(*json)) regions["fra1"] = std::move(*region);
    (void)digitalocean::decode_offers(*json, regions);
    return 0;
}
