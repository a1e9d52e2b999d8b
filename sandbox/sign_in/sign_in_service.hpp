#pragma once

#include "sandbox/web/web_service.hpp"

namespace hatchery::sandbox {

/// An OpenID Connect issuer for a machine of one's own: whoever opens its page says who they are,
/// and is believed. Behaviour: sandbox/sign_in/README.md.
/// The base URL is the issuer.
class SignInService final : public WebService {
public:
    SignInService();

private:
    class Impl;
};

}  // namespace hatchery::sandbox
