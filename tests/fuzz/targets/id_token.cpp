#include "core/id_token.hpp"

#include "base/json_value.hpp"
#include "crypto/signed_token.hpp"
#include "fuzz.hpp"

using namespace hatchery;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = fuzz::text_of(data, size);
    const auto jwks = fuzz::take_line(text);
    if (const auto keys = crypto::make_signing_keys(jwks)) (void)(*keys)->open(text);
    if (const auto claims = base::parse_json(text)) {
        (void)core::check_id_token(
            *claims,
            {.issuer = "https://issuer.example", .client_id = "hatchery", .nonce = "n", .now = {}});
    }
    return 0;
}
