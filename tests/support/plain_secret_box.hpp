#pragma once

#include <string>

#include "base/encoding.hpp"
#include "ports/secret_box.hpp"

namespace hatchery::support {

/// A box that hides nothing but keeps its contract: what was sealed for one row does not open for
/// another. For tests only.
class PlainSecretBox final : public ports::SecretBox {
public:
    [[nodiscard]] std::vector<std::string> key_ids() const override { return {"plain"}; }
    Sealed seal(const base::Secret& secret, const std::string& binding) override {
        return {.key_id = "plain", .text = base::base64_encode(binding + "\n" + secret.reveal())};
    }
    base::Result<base::Secret> open(const Sealed& sealed, const std::string& binding) override {
        const auto text = base::base64_decode(sealed.text);
        if (sealed.key_id != "plain" || !text || !text->starts_with(binding + "\n")) {
            return base::fail(base::ErrorKind::internal, "The secret cannot be opened.");
        }
        return base::Secret(text->substr(binding.size() + 1));
    }
};

}  // namespace hatchery::support
