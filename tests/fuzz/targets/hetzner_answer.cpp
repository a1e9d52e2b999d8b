#include "base/json_value.hpp"
#include "fuzz.hpp"
#include "providers/hetzner/codec.hpp"
#include "providers/hetzner/errors.hpp"
#include "providers/hetzner/resource_codec.hpp"

using namespace hatchery;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = fuzz::text_of(data, size);
    namespace hetzner = providers::hetzner;
    using providers::ResourceKind;
    ports::HttpResponse response{.status = 422, .headers = {}, .body = std::string(text)};
    const auto error = hetzner::refusal({.what = "the server"}, response, {});
    fuzz::must(!error.message.empty(), "a refusal says something");
    const auto json = base::parse_json(text);
    if (!json) return 0;
    (void)hetzner::decode_server(*json, "EUR");
    (void)hetzner::next_page(*json);
    (void)hetzner::decode_image(*json);
    (void)hetzner::decode_selectors(*json);
    for (const auto kind :
         {hatchery::providers::ResourceKind::snapshot, hatchery::providers::ResourceKind::firewall,
          hatchery::providers::ResourceKind::ssh_key}) {
        (void)hetzner::decode_resource(kind, *json);
    }
    (void)hetzner::decode_offers(*json, {{"fsn1", {"Falkenstein", "DE"}}}, "EUR", {});
    return 0;
}
