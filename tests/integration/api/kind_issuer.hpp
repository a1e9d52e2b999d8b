#pragma once

#include "api/sign_in/open_id_client.hpp"

namespace hatchery::testing {

/// Says of everybody that it is Ada.
class KindIssuer final : public api::sign_in::OpenIdClient {
public:
    base::Result<std::string> authorization_url(const api::sign_in::AuthorizationRequest& request,
                                                const base::Call&) override {
        return issuer_ + "/auth?state=" + request.state;
    }
    base::Result<core::Identity> redeem(const api::sign_in::CodeExchange&,
                                        const base::Call&) override {
        core::Identity identity;
        identity.issuer = issuer_;
        identity.subject = "ada";
        identity.email = "ada@example.org";
        return identity;
    }
    const std::string& issuer() const override { return issuer_; }

private:
    std::string issuer_ = "https://issuer.example";
};

}  // namespace hatchery::testing
