#include "core/rate_limits.hpp"

#include <algorithm>

namespace hatchery::core {

namespace {

int of_user(const RateLimits& limits, RateClass what) {
    switch (what) {
        case RateClass::none:
            return 0;
        case RateClass::read:
            return limits.read;
        case RateClass::write:
            return limits.write;
        case RateClass::outside:
            return limits.outside;
        case RateClass::verify:
            return limits.verify;
        case RateClass::stream:
            return limits.stream;
        case RateClass::sign_in:
            return limits.sign_in;
        case RateClass::failure:
            return limits.failure;
    }
    return 0;
}

int share(int limit, int percent) {
    if (limit == 0) return 0;
    return static_cast<int>(
        std::clamp<long long>(static_cast<long long>(limit) * percent / 100, 1, 1'000'000'000));
}

}  // namespace

int limit_of(const RateLimits& limits, RateClass what, RateSubject whose) {
    const bool by_address_only = what == RateClass::sign_in || what == RateClass::failure;
    if (what == RateClass::none) return 0;
    switch (whose) {
        case RateSubject::user:
            return by_address_only ? 0 : of_user(limits, what);
        case RateSubject::token:
            return by_address_only ? 0 : share(of_user(limits, what), limits.token_percent);
        case RateSubject::service:
            return limits.service;
        case RateSubject::address:
            return by_address_only ? of_user(limits, what)
                                   : share(of_user(limits, what), limits.address_percent);
    }
    return 0;
}

std::string_view rate_class_text(RateClass what) {
    switch (what) {
        case RateClass::none:
            return "none";
        case RateClass::read:
            return "read";
        case RateClass::write:
            return "write";
        case RateClass::outside:
            return "outside";
        case RateClass::verify:
            return "verify";
        case RateClass::stream:
            return "stream";
        case RateClass::sign_in:
            return "sign-in";
        case RateClass::failure:
            return "failure";
    }
    return "?";
}

std::string_view rate_subject_text(RateSubject whose) {
    switch (whose) {
        case RateSubject::user:
            return "user";
        case RateSubject::token:
            return "token";
        case RateSubject::service:
            return "service";
        case RateSubject::address:
            return "address";
    }
    return "?";
}

}  // namespace hatchery::core
