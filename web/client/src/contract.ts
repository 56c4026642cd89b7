// Generated from handlers/openapi and hub/asyncapi.yaml by `make types`. Do not edit.
export interface paths {
    "/api/categories": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All categories, with how many courses each has on sale */
        get: operations["listCategories"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/courses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The courses on sale */
        get: operations["listCourses"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/courses/{course}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        /**
         * A course with its outline and what it costs
         * @description A learner's answer has the prices that this learner pays, what of it can be bought now, and the enrolment. A course that is
         *     off sale is still shown; a draft is not.
         */
        get: operations["showCourse"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/courses/{course}/lessons/{lesson}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
                /** @description The lesson's id */
                lesson: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        /**
         * Open a lesson
         * @description Anybody a preview, a learner whose enrolment is open any. That a lesson was opened is noted: how many were is part of the
         *     refund rule. Of a lesson with a file, `playback` is where it is played: the address is good for minutes, for this
         *     session, in this browser or with its token. An account plays on two devices at once. A text is in `html`; its pictures,
         *     captions and attachments have addresses of the same kind.
         */
        get: operations["showLesson"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/playback/{ticket}/{part}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Signed: from `playback.url` or a playlist */
                ticket: string;
                /** @description A playlist, key, segment or whole file */
                part: string;
            };
            cookie?: never;
        };
        /**
         * What a player fetches
         * @description HLS (fMP4, AES-128), or the file by ranges. Playlists are made for each request. A key, a playlist and a whole file are
         *     given while the session lives and its enrolment is open at that moment.
         */
        get: operations["play"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covers/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description A course's id with `.svg`
                 * @example go1.svg
                 */
                file: string;
            };
            cookie?: never;
        };
        /** The picture that is drawn for a course without one */
        get: operations["showCover"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/courses/{course}/lessons/{lesson}/notes": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
                /** @description The lesson's id */
                lesson: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        /**
         * My own notes beside a lesson
         * @description In the order of the lesson, those of the whole lesson first. They stay when the access has ended.
         */
        get: operations["listNotes"];
        put?: never;
        /** Write a note beside a lesson that I may open now */
        post: operations["addNote"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/courses/{course}/lessons/{lesson}/notes/{note}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
                /** @description The lesson's id */
                lesson: components["schemas"]["ID"];
                /** @description The note's id */
                note: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        get?: never;
        /** Change one of my notes */
        put: operations["editNote"];
        post?: never;
        /** Delete one of my notes */
        delete: operations["deleteNote"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Find courses on sale by words, narrow them, and see where the words stand
         * @description A course is found where title, subtitle, teacher, category and lesson titles have all words: in any order, Chinese without
         *     blanks, simplified or traditional, in full or half width, as pinyin (`jiqixuexi`), by initials (`jqxx`), and, where a Latin
         *     word is in no course, with a typo. Without words all courses are listed.
         */
        get: operations["search"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/search/suggest": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a person who types may mean
         * @description Categories, teachers and courses by their names; before anything is typed, the courses that most people learn.
         */
        get: operations["suggest"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A new learner, logged in
         * @description Where an address has registered, or tried usernames, more than a few times within ten minutes, or very many register at
         *     once, the answer is `PROOF_REQUIRED` with a `challenge`. Solve it and send the request again with the `proof`; the pages do
         *     so unnoticed. Another `PROOF_REQUIRED` means that the proof was wrong, too old or used before, and has the next challenge.
         */
        post: operations["register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log in on a device
         * @description The device's old token is dead at once, and its open sockets end with 4002. So it is with the session that was not used for
         *     longest where this is the eleventh.
         */
        post: operations["login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The token is dead, and its sockets end with 4004 */
        post: operations["logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** My account */
        get: operations["showMe"];
        put?: never;
        post?: never;
        /**
         * Delete the account
         * @description Its name, WeChat, cart, tokens and sockets go at once; open orders are cancelled. Orders, enrolments and used free stages
         *     stay, without a name. An account without a password needs a login of the last ten minutes instead.
         */
        delete: operations["deleteMe"];
        options?: never;
        head?: never;
        /**
         * Change my name, language or WeChat messages
         * @description What is not named stays as it is.
         */
        patch: operations["changeMe"];
        trace?: never;
    };
    "/api/me/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Change the password, or set the first one
         * @description All tokens from before are dead, also the one that asks; the answer has the next. Sockets end with their tokens; the page
         *     that asked keeps its own if it says `{"op":"token"}` with the next one within 0.7 seconds. An account that came by WeChat
         *     sets `username` and `password` within ten minutes after a login.
         */
        put: operations["changePassword"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where I am logged in
         * @description One row for each device, ten at most: the one that asks, then those used last. `sessions.changed` on the live link says
         *     that the list is another.
         */
        get: operations["listSessions"];
        put?: never;
        post?: never;
        /**
         * End all my sessions but this one
         * @description Their tokens are dead, and their sockets end with 4004.
         */
        delete: operations["endOtherSessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me/sessions/{session}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * End one of my sessions
         * @description Its token is dead, and its sockets end with 4004. To end the one that asks is to log out.
         */
        delete: operations["endSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A copy of what the shop keeps of me
         * @description A file to keep. Passwords and tokens are not in it, ids of WeChat are masked. Needs a proof of the last ten minutes, see
         *     `/api/me/step-up`. Five copies at once, and then one an hour.
         */
        get: operations["exportMe"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me/consents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What I have agreed to of the shop's papers
         * @description `wanted` are the editions of the agreement and of the privacy policy that hold and that I have not agreed to. Nothing but placing an order
         *     is refused until then. A shop that has published no papers of its own wants none.
         */
        get: operations["showConsents"];
        put?: never;
        /**
         * Agree to the papers
         * @description The editions that I have read. Where the shop has published another since, the answer is `CONSENT_REQUIRED`, and nothing is written down.
         */
        post: operations["giveConsents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me/step-up": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give the password again
         * @description What answers 403 `STEP_UP_REQUIRED` is then admitted for ten minutes, on this session alone; a fresh login counts as well. A user without a password logs in with WeChat again. Wrong passwords count with those at the login.
         */
        post: operations["stepUp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/login/ways": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How one logs in to this shop */
        get: operations["showLoginWays"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sms-codes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A code by text message
         * @description Six digits, good for five minutes and for five tries. The answer and its time are the same whether an account has the
         *     number or not. Asked for again soon, the code is the same. `bind` needs a login. A number gets three messages at once and
         *     ten a day. An address that asks often is answered `PROOF_REQUIRED` as at registering. A `device` that the login brings too has tries of its own,
         *     which no stranger uses up.
         */
        post: operations["sendSmsCode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/login/phone": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log in by a code, or register
         * @description A number without an account gets one, with the `consents` that the shop wants. Otherwise as `POST /api/login`. After `CONSENT_REQUIRED` the
         *     same code is good.
         */
        post: operations["loginByPhone"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/password/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A new password in place of a forgotten one
         * @description All sessions of the account are over, and a new one begins.
         */
        post: operations["resetPassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me/phone": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Bind a number, or another one
         * @description The code is one for `bind`, sent to the new number. Asks for the password of the last ten minutes.
         */
        put: operations["changePhone"];
        post?: never;
        /**
         * Give my number up
         * @description Asks for the password of the last ten minutes.
         */
        delete: operations["removePhone"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/login/codes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A code to be scanned by a phone whose owner is logged in
         * @description `url` is drawn as the code; it leads to the shop's page that asks the phone's owner. The code opens nothing: the page keeps
         *     `secret` to itself and brings both to `POST /api/login/code`. When the owner has answered, `login.answered` comes on the topic
         *     `login:CODE`. An address gets 60 codes at once and then one each five seconds.
         */
        post: operations["showLoginCode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/login/codes/{code}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description What the code that was scanned says */
                code: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        /** The page that a code would let in */
        get: operations["showWaitingPage"];
        put?: never;
        /**
         * Let the page into my account
         * @description The page has a minute to come. Said twice, it is said once. Accounts of staff log in by password.
         */
        post: operations["letPageIn"];
        /**
         * Do not let the page in
         * @description Its code is over.
         */
        delete: operations["refusePage"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/login/code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log in to the account that let the page in
         * @description Otherwise as `POST /api/login`. A code is good for one session, and as long as the session that let it in goes on.
         */
        post: operations["loginByLoginCode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/cart": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The cart, priced as the courses are sold now */
        get: operations["showCart"];
        put?: never;
        post?: never;
        /** Take everything out */
        delete: operations["emptyCart"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/cart/{course}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        get?: never;
        /** Put a course in, or choose its policy again */
        put: operations["putCartLine"];
        post?: never;
        /**
         * Take a course out
         * @description That it is not there is what was wanted.
         */
        delete: operations["removeCartLine"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/cart/merge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add what was put in before logging in
         * @description Where both have a course the newer choice wins. Prices come from the catalogue; what this learner cannot buy stays,
         *     with its `problem`. Lines that do not enter the cart are answered as `left_out`. Where they are too many for it, that
         *     is `CART_FULL`: the newest are in the `cart` that comes with it.
         */
        post: operations["mergeCart"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/quotes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * What these lines would cost now
         * @description Nothing is kept of it.
         */
        post: operations["quote"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** My orders, newest first */
        get: operations["listOrders"];
        put?: never;
        /**
         * Place an order
         * @description A repeat under the same Idempotency-Key gets the same bytes and places nothing. `total_fen` is what the page showed: an
         *     order is never dearer. Where it is cheaper, `lowered` says so. One that costs nothing needs no payment and is granted at once.
         *
         *     An order is open for half an hour. A course is in one open order of a learner at a time: the same lines again are
         *     answered with that order (200, `reused`), others take its place.
         */
        post: operations["placeOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/{order}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order's id */
                order: components["parameters"]["order"];
            };
            cookie?: never;
        };
        /** One of my orders */
        get: operations["showOrder"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/{order}/pay": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order's id */
                order: components["parameters"]["order"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pay an open order, or pay it by another channel */
        post: operations["payOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/{order}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order's id */
                order: components["parameters"]["order"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel an open order */
        post: operations["cancelOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/{order}/refund": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order's id */
                order: components["parameters"]["order"];
            };
            cookie?: never;
        };
        /** What I would get back now */
        get: operations["showRefund"];
        put?: never;
        /**
         * Get the money back
         * @description In full within 7 days while at most a fifth of the lessons were opened, of those that the course had when the order was
         *     placed; later the unused whole days of a period. The courses close at once.
         */
        post: operations["refundOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/enrolments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** My courses, open or not */
        get: operations["listEnrolments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/enrolments/{course}/progress": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        /**
         * How far I am in each lesson that I opened
         * @description One's own, also after the access has ended; `lessons` is empty where nothing was opened.
         */
        get: operations["showProgress"];
        /**
         * How far I am in a lesson
         * @description For learners that may open the lesson now. Devices never undo one another: of two positions the one with
         *     the newer `at` holds (at the same millisecond the further one), `furthest_s` and `watched_s` only grow,
         *     and done stays. A position at 90 % of the lesson's length makes it done. A late report that changes
         *     nothing answers with what is there.
         */
        put: operations["putProgress"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/notices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** My inbox, newest first */
        get: operations["listNotices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/notices/{notice}/read": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A notice's id, or `all` */
                notice: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A notice is read, or all are */
        post: operations["readNotice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/wechat/bindings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A code to scan, to bind a WeChat to this account
         * @description The WeChat that scans it first is bound; `wechat.bound` on `/ws` says so. Asked again soon, the answer is the same code.
         */
        post: operations["createBinding"];
        /** Unbind the WeChat */
        delete: operations["deleteBinding"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/wechat/oauth": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where WeChat's authorisation for paying comes back to
         * @description For browsers inside WeChat, on their way from `oauth_url`. A second visit leads to the same page.
         */
        get: operations["authorised"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/wechat/js-config": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Sign a page for WeChat's script
         * @description What a page inside WeChat hands to `wx.config`, so that it may set the card by which it is shared. Only pages of the shop's own
         *     address are signed; a fragment does not count.
         */
        get: operations["signPage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/wechat/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Send a browser inside WeChat to WeChat's authorisation
         * @description It comes back to the page `/login/wechat` with a code and a state, and a cookie that ties both to this browser.
         */
        get: operations["beginWeChatLogin"];
        put?: never;
        /**
         * Log in with WeChat
         * @description First with `code` and `state`, as WeChat gave them to the page. A WeChat without an account gets one. One that was bound by a
         *     scanned code is asked for the account's password, once: WECHAT_CONFIRM has `confirm`, to be sent back with the `password`, or with
         *     `fresh` where the account is another person's. A new account needs the `consents` that the shop wants: CONSENT_REQUIRED has `papers`, and
         *     `confirm`, to be sent back with them.
         */
        post: operations["endWeChatLogin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/wechat/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** WeChat asks once whether this address is ours */
        get: operations["confirmEvents"];
        put?: never;
        /**
         * An event of the official account
         * @description Signed, and in safe mode encrypted: developers.weixin.qq.com, 接收事件推送.
         */
        post: operations["eventPushed"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/wechat/pay-notify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * WeChat Pay says that a payment succeeded
         * @description Signed and encrypted: pay.weixin.qq.com/doc/v3/merchant, 支付通知. Answered once what it says is durable.
         */
        post: operations["payNotified"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/wechat/refund-notify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * WeChat Pay says what became of a refund
         * @description Signed and encrypted: pay.weixin.qq.com/doc/v3/merchant, 退款结果通知.
         */
        post: operations["refundNotified"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ws": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Live events over a WebSocket
         * @description Subprotocol `mstm.v1`. The token goes into the first frame, never into the URL. Frames, topics, resuming and close codes are in
         *     `/api/asyncapi.yaml`.
         */
        get: operations["openSocket"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The same events as server-sent events, for networks that break WebSockets
         * @description The frames are in `/api/asyncapi.yaml`. A stream lives for ten minutes at most and then comes back.
         */
        get: operations["streamEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hub/publish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Say something to the pages that are open
         * @description It reaches them, and those that come back soon; do not use it for what must not be missed. The shop's own events cannot be said
         *     by hand. An event that is answered 200 or 202 comes to every client that follows its topic and comes back by its positions,
         *     once, unless the log itself is lost, which a ready with `resumed` false says, or the instance that answered 202 ends
         *     before the log is back (see `/api/asyncapi.yaml`).
         */
        post: operations["publish"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hub/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Users online, and what this instance did */
        get: operations["hubStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hub/broadcasts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All broadcasts, newest first */
        get: operations["listBroadcasts"];
        put?: never;
        /**
         * Tell an audience of an activity, now or at a time
         * @description It stays in the inbox of every recipient, and comes up at once on their open pages. Sending begins at once, at
         *     `send_at`, or, to more people than the shop lets one person decide about, when a second one has confirmed it; that it
         *     comes to so many is looked at again at `send_at`. A user that wants no activities receives nothing.
         *     The Idempotency-Key is needed, but for a dry run.
         */
        post: operations["createBroadcast"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hub/broadcasts/{broadcast}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The broadcast's id */
                broadcast: components["parameters"]["broadcast"];
            };
            cookie?: never;
        };
        /** How far a broadcast is, and what came of it */
        get: operations["showBroadcast"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hub/broadcasts/{broadcast}/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The broadcast's id */
                broadcast: components["parameters"]["broadcast"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A second person agrees, having seen how many people it goes to */
        post: operations["confirmBroadcast"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hub/broadcasts/{broadcast}/start": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The broadcast's id */
                broadcast: components["parameters"]["broadcast"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send a scheduled one now, or go on with a paused one */
        post: operations["startBroadcast"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hub/broadcasts/{broadcast}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The broadcast's id */
                broadcast: components["parameters"]["broadcast"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send to no further people until it is started again
         * @description Counts grow for a moment after it, by the people that the sender was at.
         */
        post: operations["pauseBroadcast"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/hub/broadcasts/{broadcast}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The broadcast's id */
                broadcast: components["parameters"]["broadcast"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send to no further people, for ever
         * @description What was sent stays with its recipients. Counts grow for a moment after it, by the people that the sender was at.
         */
        post: operations["cancelBroadcast"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/courses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All courses, drafts included, newest first */
        get: operations["adminListCourses"];
        put?: never;
        /**
         * A new course, as a draft
         * @description Prices may come later.
         */
        post: operations["createCourse"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/courses/{course}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        /** A course, all of it */
        get: operations["adminShowCourse"];
        /**
         * Change the outline
         * @description What the body leaves out stays; chapters are replaced whole. A lesson without an id keeps that of the lesson that had its title
         *     before, so that no progress is lost. With `v`, an edit made since is not overwritten.
         */
        put: operations["updateCourse"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/courses/{course}/policies": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        get?: never;
        /**
         * Publish the next version of the price policies
         * @description A version is never edited. A learner that began under an older one is promised the lower of its price and today's. A policy keeps its id to
         *     stay the same policy; without an id it is a new one. Without `ladder`, its rules stay. With `v`, an edit made since is not
         *     overwritten.
         */
        put: operations["publishPolicies"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/courses/{course}/learning": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        /** How many learners began and finished, and where they stop */
        get: operations["countLearning"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/courses/{course}/publish": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Put a course on sale */
        post: operations["putOnSale"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/courses/{course}/unpublish": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take a course off sale
         * @description Its buyers keep it, and orders placed before can still be paid; with `legal` they are closed, and what is paid goes
         *     back. A draft stays one.
         */
        post: operations["takeOffSale"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/courses/{course}/affected": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        /**
         * The people that new prices of a course meet now
         * @description Pages that look at it, carts that hold it, and its learners by the policy that opens it to them. Above 1000 carts or 20,000 learners the
         *     figures are estimates.
         */
        get: operations["countAffected"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/courses/{course}/copy": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A draft that says what a course says
         * @description It has `（副本）` behind its title, lessons, texts and price policies of its own, the course's files, and no learners. With an
         *     `Idempotency-Key`, a repeat answers the same draft.
         */
        post: operations["copyCourse"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/courses/{course}/plan": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        get?: never;
        /**
         * Put a course on sale, or take it off sale, at a time
         * @description It takes the place of the plan that the course has. With `policies`, these are published at that time, unless others were
         *     published in between. The plan is carried out in the name of its maker; where that is not possible then, it stays as `failed` with the
         *     code of the reason. With `v`, an edit made since is not overwritten.
         */
        put: operations["planCourse"];
        post?: never;
        /**
         * Withdraw the plan of a course
         * @description Also one that has ended. A course without one stays as it is.
         */
        delete: operations["withdrawPlan"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/categories": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All categories in their order, hidden ones too */
        get: operations["adminListCategories"];
        put?: never;
        /** Add a category behind the others */
        post: operations["createCategory"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/categories/{category}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The category's id */
                category: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        get?: never;
        /**
         * Rename, hide or move a category
         * @description What is left out stays. Open pages hear of it at once, by `catalogue.changed`.
         */
        put: operations["editCategory"];
        post?: never;
        /** Delete a category in which no course stands */
        delete: operations["deleteCategory"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/front": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The banners and rows of recommended courses that the front page shows now
         * @description Banners outside their times, banners that lead to a course or category that is not shown, courses that are not on sale and rows
         *     without a course are left out. Open pages hear of another page by `front.changed`.
         */
        get: operations["showFront"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/front/pictures/{media}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of a file that a banner has */
                media: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        /** The picture of a banner */
        get: operations["showFrontPicture"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/front": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The front page as it is edited */
        get: operations["showAdminFront"];
        /**
         * Arrange the front page
         * @description What is left out stays; a list that is there replaces the one before. Open front pages hear of it at once, by `front.changed`.
         *     A field that cannot be is named by its place: `banners[0].title`, `rows[1].courses`.
         */
        put: operations["putFront"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/courses/{course}/lessons/{lesson}/text": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
                /** @description The lesson's id */
                lesson: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        /**
         * The text of a lesson
         * @description Drafts included. A lesson without a text answers an empty one, in version 0. The pictures of `html` open in this browser.
         */
        get: operations["showLessonText"];
        /**
         * Write the text of a lesson
         * @description Markdown as GitHub knows it (tables, task lists, strikethrough, code in colours) and footnotes; HTML inside it is left out. A
         *     picture is an uploaded file: `![words](media:ID)`. At most 200 KB. With `version`, the one that was read, an edit made
         *     since is not overwritten. A lesson of the kind text shows it.
         */
        put: operations["putLessonText"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begin an upload
         * @description The tus protocol, version 1.0 (tus.io), with the extensions creation, creation-with-upload, termination and checksum: any of
         *     its clients speaks it, and OPTIONS says how big a file may be. An upload goes on where it was, on any instance; one without a byte for a week is removed. What a
         *     file is shows its content: video, audio, pictures, PDF, office files and captions (WebVTT) are taken.
         */
        post: operations["beginUpload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/uploads/{upload}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description From Location */
                upload: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Give an upload up */
        delete: operations["endUpload"];
        options?: never;
        /** Where an upload stands */
        head: operations["showUpload"];
        /**
         * Send bytes
         * @description A file of up to 64 MiB is checked before its last request is answered; the state of a bigger one is `checking` until then.
         */
        patch: operations["continueUpload"];
        trace?: never;
    };
    "/api/admin/media": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All files, newest first */
        get: operations["listMedia"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/media/{media}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the file */
                media: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        /** A file */
        get: operations["showMedia"];
        put?: never;
        post?: never;
        /** Delete a file that no course uses */
        delete: operations["deleteMedia"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/media/{media}/transcode": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the file */
                media: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make a video to be watched, again
         * @description Every uploaded video is made so by itself. The job is done by an instance that has ffmpeg.
         */
        post: operations["transcodeMedia"];
        /** Give the making of a video up */
        delete: operations["cancelTranscoding"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/notice-templates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How each notice is worded */
        get: operations["listNoticeTemplates"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/notice-templates/{form}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Which notice it is */
                form: components["parameters"]["form"];
            };
            cookie?: never;
        };
        get?: never;
        /**
         * Word a notice
         * @description Plain text, the title on one line. Notices from now on are worded so, within seconds on every instance; what
         *     was sent stays as it is.
         */
        put: operations["putNoticeTemplate"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/notice-templates/{form}/reset": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Which notice it is */
                form: components["parameters"]["form"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Word a notice as the program does by itself */
        post: operations["resetNoticeTemplate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/notice-templates/{form}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Which notice it is */
                form: components["parameters"]["form"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A wording as a learner could come to read it
         * @description Without `texts` it is that of now. Nothing is written.
         */
        post: operations["previewNoticeTemplate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Orders of everybody, newest first */
        get: operations["adminListOrders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/orders/{order}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order's id */
                order: components["parameters"]["order"];
            };
            cookie?: never;
        };
        /** An order with its whole story */
        get: operations["adminShowOrder"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/orders/{order}/refunds": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order's id */
                order: components["parameters"]["order"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Refund an order as finance decides
         * @description A line holds what was paid for it and neither went back nor is on its way. A line that `lines` names ends its access when
         *     nothing is held for it afterwards, and keeps it otherwise. Without `lines` the amount is spread over all lines in
         *     proportion to what each holds: each share is rounded down to the fen, and the remainder goes to the last line, which is
         *     the one that holds most (where several do, the one whose `course_id` comes last); the order of the lines plays no part.
         *     Then the access ends when nothing is left of the whole order; less leaves all of it as it is.
         *     The Idempotency-Key and a reason are needed, but for a dry run.
         *     Support gives back what the shop's rule gives the buyer (`GET /api/orders/{order}/refund`), of the whole order: `lines`, `later` and an
         *     `amount_fen` that is not the rule's are `REFUND_BEYOND_RULE`.
         */
        post: operations["adminRefund"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/reconciliations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** WeChat's daily bills beside our orders, newest day first */
        get: operations["listReconciliations"];
        put?: never;
        /** Compare a day again */
        post: operations["runReconciliation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/reconciliations/{day}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A day in Asia/Shanghai */
                day: components["schemas"]["Day"];
            };
            cookie?: never;
        };
        /** One day's comparison */
        get: operations["showReconciliation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/finance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The movements of money as CSV or as a workbook
         * @description Amounts are yuan with two decimals. A line for each movement, and for each order of nothing to pay (`free_order`; `given`: access given by hand, with its reason), the sums of each day after it, those of all at the end; the sums
         *     of a day equal WeChat's bill, but for refunds that WeChat gave up (`closed`): they are listed without an amount. CSV is UTF-8 with a byte order mark; an identifier that a spreadsheet would take for a number or
         *     a date has a backtick before it, as in WeChat's own bill, and a text that it would take for those or for a formula an
         *     apostrophe. The workbook has
         *     the same rows with real days, times and numbers; its identifiers are text and have no mark. A file that cannot be completed is
         *     cut off.
         */
        get: operations["exportFinance"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/invariants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Is anything broken?
         * @description Holds all data against what must always be true, and notes the outcome for `/api/admin/waiting`. A large shop takes its time: `mstm check` does the same.
         */
        get: operations["checkInvariants"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/orders/{order}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order's id */
                order: components["parameters"]["order"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End an order's exception
         * @description WeChat is asked first what money there is. `grant` takes the payment as it is, that which fits the order best, and opens the
         *     courses; the lines share what is more or less than the order costs in proportion to their prices (`adjust_fen`). All
         *     other money of the order goes back. `refund` gives all of it back and closes the order.
         */
        post: operations["resolveException"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/strays": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Genuine payments that fit no order, for people to decide on, newest first */
        get: operations["listStrays"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/unmatched/{payment}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of an unmatched payment */
                payment: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Decide about a payment that fits no order
         * @description The first decision counts. `match` pays an order with it, whatever the amount, as resolving an exception does; `refund`
         *     gives it back; `dismiss` says that it was looked into, and moves no money. WeChat is asked first whether it has the
         *     money. A payment under a number of an order that is an exception is decided about there.
         */
        post: operations["resolveUnmatched"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What was sold, what came in and went back, who came
         * @description Days are those of Asia/Shanghai, and the money of a day is that of the finance export, to the fen. What a role may not
         *     see is left out: orders are for finance, marketing and support, money is for finance, people for marketing and support, presence for marketing
         *     and editors, the funnel for finance, marketing and editors. Figures are counted within seconds; `stats.changed` says on the socket that there are new ones.
         */
        get: operations["showStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/waiting": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What waits for a person, and whether the accounts balance
         * @description To each role its own: what is about money is for finance, messages and broadcasts for marketing, files for editors; support
         *     has nothing of it. A kind that nothing waits of is left out.
         */
        get: operations["showWaiting"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Users, newest first */
        get: operations["listUsers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{user}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user's id */
                user: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        /** A person with courses, orders, messages, sessions and notes */
        get: operations["showUser"];
        put?: never;
        post?: never;
        /**
         * Delete an account at its owner's request
         * @description As `DELETE /api/me` does; orders, enrolments and the audit stay.
         */
        delete: operations["deleteUser"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{user}/notes": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user's id */
                user: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Note something about a person, for colleagues */
        post: operations["addStaffNote"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{user}/grants": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user's id */
                user: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Open or extend a course by hand
         * @description An order of nothing to pay, with the reason: it is granted, told, audited and in the books (`given`) as any other, and taken back by a refund of it.
         *     `until` is in the last day of the access (Asia/Shanghai), null or missing for ever. One Idempotency-Key gives once.
         */
        post: operations["giveAccess"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{user}/block": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user's id */
                user: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Keep an account from logging in
         * @description At once: its sessions and sockets end, and every login is `ACCOUNT_BLOCKED`. One that is blocked stays as it is.
         */
        post: operations["blockUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{user}/unblock": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user's id */
                user: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let a blocked account log in again
         * @description One that is not blocked stays as it is.
         */
        post: operations["unblockUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{user}/roles": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user's id */
                user: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        get?: never;
        /**
         * Give and take roles
         * @description At once: the user's tokens carry the new roles, and a user that lost one loses the open sockets. Every user is a learner. No request takes the
         *     admin's role from themselves. API keys that an administrator made end with the role.
         */
        put: operations["setRoles"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What staff, programs and the shop did, newest first
         * @description Every call of a member of staff that may change something stands there as a `staff_call` before it is done, and every call of a program as
         *     an `api_key_call`; what came of it is a row of its own, with what was before and after where that is known. An order's acts are its moves.
         */
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/api-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The API keys, without their secrets */
        get: operations["listAPIKeys"];
        put?: never;
        /** A new API key */
        post: operations["createAPIKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/api-keys/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The key's id, not its secret */
                key: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** An API key is dead at once */
        delete: operations["deleteAPIKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where events are sent, without the secrets */
        get: operations["listWebhooks"];
        put?: never;
        /**
         * Events are sent to an address from now on
         * @description Requests are signed by Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`. The body is `id`, `type`,
         *     `created_at` and `data`; the types and their data are in `docs/webhooks.md`.
         */
        post: operations["createWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhooks/{webhook}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
            };
            cookie?: never;
        };
        get?: never;
        /** Another address, name or choice of types */
        put: operations["editWebhook"];
        post?: never;
        /** Nothing is sent any more, and its deliveries go */
        delete: operations["deleteWebhook"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhooks/{webhook}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Another secret */
        post: operations["rotateWebhookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhooks/{webhook}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Nothing is sent until it is resumed
         * @description What waits, and what comes, is kept as failed, for a replay.
         */
        post: operations["pauseWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhooks/{webhook}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Events are sent again, those that happen from now on */
        post: operations["resumeWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhooks/{webhook}/test": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** An event that says nothing is sent, to a paused webhook as well */
        post: operations["testWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhooks/{webhook}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** All deliveries that failed are sent again */
        post: operations["replayFailedWebhookDeliveries"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhooks/{webhook}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
            };
            cookie?: never;
        };
        /** What was sent in the last 30 days, newest first */
        get: operations["listWebhookDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhooks/{webhook}/deliveries/{delivery}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
                /** @description The delivery's id */
                delivery: components["parameters"]["webhookDelivery"];
            };
            cookie?: never;
        };
        /** A delivery with the body that is sent */
        get: operations["showWebhookDelivery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/webhooks/{webhook}/deliveries/{delivery}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
                /** @description The delivery's id */
                delivery: components["parameters"]["webhookDelivery"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A delivery is sent again, whatever came of it, under the same webhook-id */
        post: operations["replayWebhookDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/papers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the shop says of itself
         * @description The texts are at `/api/papers/{paper}`; here are their versions, which a consent names.
         */
        get: operations["showPapers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/papers/{paper}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Which text */
                paper: "terms" | "privacy" | "refunds";
            };
            cookie?: never;
        };
        /** The user agreement, the privacy policy or the refund rules */
        get: operations["showPaper"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/papers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The papers as they are edited */
        get: operations["showAdminPapers"];
        /**
         * Write the papers
         * @description What is left out stays. Texts are Markdown without pictures; one that changes has a new version, and the one before can still be read.
         *     The pages show the new edition within seconds on every instance.
         */
        put: operations["putPapers"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process answers */
        get: operations["live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Requests may be sent here */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Figures for Prometheus
         * @description Only for this machine and the networks that the settings name, and not through a proxy.
         */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/openapi.yaml": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document */
        get: operations["showContract"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/asyncapi.yaml": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The document of the socket and of the event stream */
        get: operations["showLiveContract"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document as pages to read and try */
        get: operations["showDocs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs/errors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every code with what it means */
        get: operations["showErrors"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description An id of the shop
         * @example go1
         */
        ID: string;
        /**
         * Format: int64
         * @description An amount in fen, the hundredth part of a yuan
         * @example 19900
         */
        Fen: number;
        /**
         * Format: date-time
         * @description RFC 3339, in UTC
         * @example 2026-03-01T02:03:04.567Z
         */
        Time: string;
        /**
         * Format: date
         * @description A day in Asia/Shanghai
         * @example 2026-03-01
         */
        Day: string;
        /** @description Opaque; ask for the next page with it. Missing on the last one */
        Cursor: string;
        /**
         * @description A proof of work of ALTCHA (version 1): find the `number` from 0 to `maxnumber` for which the SHA-256 of `salt` and that
         *     number in decimal digits is `challenge`. Good once, for five minutes, for what it was asked for.
         */
        Challenge: {
            /** @enum {string} */
            algorithm: "SHA-256";
            /** @description In hexadecimal digits */
            challenge: string;
            maxnumber: number;
            salt: string;
            signature: string;
        };
        /** @description What was given as `challenge`, with the `number` that was found */
        Proof: {
            algorithm: string;
            challenge: string;
            number: number;
            salt: string;
            signature: string;
        };
        /**
         * @description RFC 9457. Besides its own members: `param` where one field is at fault, and what helps to go on: `offers` (what
         *     can be bought instead), `quote` (the new prices, or what a refund would give back), `cart` (the one that won).
         * @example {
         *       "type": "/docs/errors#CART_FULL",
         *       "title": "Conflict",
         *       "status": 409,
         *       "code": "CART_FULL",
         *       "detail": "购物车最多放 50 门课程",
         *       "request_id": "XWREWRFLJA47IRXZBN5LLBMJTR"
         *     }
         */
        Problem: {
            /**
             * @description Where the code is explained
             * @example /docs/errors#PRICE_CHANGED
             */
            type: string;
            /** @description The status in words */
            title: string;
            /** @example 409 */
            status: number;
            code: components["schemas"]["Code"];
            /** @description For people, in their language */
            detail: string;
            /** @description Quote it when you ask for help; also the header X-Request-Id */
            request_id: string;
            /**
             * @description The field or parameter at fault
             * @example lines[0].course_id
             */
            param?: string;
            offers?: components["schemas"]["Offer"][];
            quote?: components["schemas"]["Quote"] | components["schemas"]["OrderRefund"];
            cart?: components["schemas"]["Cart"];
            /** @description Lines that did not enter the cart */
            left_out?: components["schemas"]["LeftOut"][];
            /**
             * @description What stands for nothing in a template
             * @example {curse}
             */
            placeholder?: string;
            /** @description What may stand there */
            placeholders?: string[];
            /** @description The state that a broadcast is in */
            state?: string;
            /** @description The order that is in the way */
            order_id?: components["schemas"]["ID"];
            /** @description The audience that a broadcast counts */
            counts?: {
                audience?: number;
            };
            old_fen?: components["schemas"]["Fen"];
            new_fen?: components["schemas"]["Fen"];
            /** @description Seconds, as in the header Retry-After */
            retry_after_s?: number;
            /** @description What a field of a fixed choice may be */
            allowed?: string[];
            /** @description The shortest password */
            min_bytes?: number;
            /** @description The longest password */
            max_bytes?: number;
            challenge?: components["schemas"]["Challenge"];
            /** @description Where to go, inside WeChat, to be able to pay there */
            oauth_url?: string;
            /** @description To be sent with the password or the consents to `POST /api/wechat/login` */
            confirm?: string;
            /** @description What is to be agreed to */
            papers?: components["schemas"]["PaperEdition"][];
            /** @description Whose password that is; its first letter only */
            account?: string;
            /** @description The devices on which the account plays */
            clients?: string[];
            /** @description What was found in a file that is refused */
            reason?: string;
            /** @description Whether a banner of the front page uses a file */
            front?: boolean;
            /** @description The courses that use a file */
            courses?: {
                id: components["schemas"]["ID"];
                title: string;
            }[];
            /** @description The parts of an instance that is not ready */
            status_of?: {
                [key: string]: "up" | "down" | "full" | "refuses" | "behind";
            };
            /** @description The instance is on its way out */
            stopping?: boolean;
        };
        /**
         * @description What went wrong, for programs. A code never changes its meaning
         * @enum {string}
         */
        Code: "INVALID_JSON" | "UNKNOWN_FIELD" | "INVALID_FIELD" | "INVALID_QUERY" | "INVALID_CURSOR" | "BODY_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "ROUTE_NOT_FOUND" | "METHOD_NOT_ALLOWED" | "INTERNAL" | "UNAVAILABLE" | "STORAGE_FULL" | "TOO_MANY_REQUESTS" | "OVERLOADED" | "UNAUTHENTICATED" | "WRONG_CREDENTIALS" | "FORBIDDEN" | "USERNAME_TAKEN" | "PROOF_REQUIRED" | "PASSWORD_TOO_SHORT" | "PASSWORD_TOO_LONG" | "PASSWORD_TOO_COMMON" | "PASSWORD_TOO_WEAK" | "SESSION_NOT_FOUND" | "LOGIN_CODE_ENDED" | "LOGIN_CODE_STAFF" | "STEP_UP_REQUIRED" | "STAFF_PASSWORD_REQUIRED" | "LAST_ADMIN" | "STAFF_ACCOUNT" | "OWN_ACCOUNT" | "ACCOUNT_BLOCKED" | "ACCOUNT_DELETED" | "USER_NOT_FOUND" | "COURSE_NOT_FOUND" | "CATEGORY_NOT_FOUND" | "LESSON_NOT_FOUND" | "CATEGORY_IN_USE" | "POLICY_NOT_FOUND" | "NO_POLICIES" | "PLAN_TIME" | "PLAN_NEEDLESS" | "COURSE_TAKEN_DOWN" | "EDIT_CONFLICT" | "PAPER_NOT_FOUND" | "LESSON_TEXT_PICTURE" | "LESSON_TEXT_TOO_LONG" | "LESSON_TEXT_TOO_COMPLEX" | "MEDIA_NOT_FOUND" | "MEDIA_IN_USE" | "MEDIA_NOT_READY" | "MEDIA_TOO_LARGE" | "MEDIA_QUOTA" | "MEDIA_REFUSED" | "UPLOAD_NOT_FOUND" | "UPLOAD_OFFSET" | "UPLOAD_INVALID" | "UPLOAD_VERSION" | "UPLOAD_CHECKSUM" | "TRANSCODING_OFF" | "PLAYBACK_ADDRESS" | "PLAYBACK_EXPIRED" | "PLAYBACK_ELSEWHERE" | "NOTE_NOT_FOUND" | "TOO_MANY_NOTES" | "ENROLMENT_REQUIRED" | "ENROLMENT_EXPIRED" | "TRIAL_USED" | "TRIAL_NEEDS_WECHAT" | "TRIAL_NEEDS_PHONE" | "STAGE_ALREADY_USED" | "STAGE_NOT_ELIGIBLE" | "STAGE_LAPSED" | "PERIOD_NOT_BEGUN" | "ACCESS_ALREADY_LONGER" | "ALREADY_OWNED" | "COURSE_OFF_SALE" | "POLICY_RETIRED" | "CART_UNAVAILABLE" | "CART_FULL" | "CART_CONFLICT" | "ORDER_NOT_FOUND" | "IDEMPOTENCY_KEY_REQUIRED" | "IDEMPOTENCY_MISMATCH" | "NO_LINES" | "DUPLICATE_LINE" | "PRICE_CHANGED" | "LINES_NOT_SELLABLE" | "ORDER_IN_PROGRESS" | "ORDER_NOT_PAYABLE" | "ORDER_NOT_CANCELLABLE" | "OPENID_REQUIRED" | "PAY_CHANNEL_BUSY" | "PAY_REFUSED" | "WECHAT_UNAVAILABLE" | "WECHAT_LINK_INVALID" | "WECHAT_ALREADY_BOUND" | "WECHAT_CONFIRM" | "WECHAT_HAS_ACCOUNT" | "WECHAT_ONLY_LOGIN" | "LOGIN_TOO_OLD" | "PHONE_OFF" | "PHONE_INVALID" | "SMS_FAILED" | "CODE_WRONG" | "CODE_SPENT" | "PHONE_UNKNOWN" | "PHONE_TAKEN" | "PHONE_ONLY_LOGIN" | "STAFF_NO_PHONE" | "CONSENT_REQUIRED" | "NOT_REFUNDABLE" | "REFUND_TOO_MUCH" | "REFUND_LATER_STAGE_FIRST" | "CREDIT_CONSUMED" | "REFUND_WINDOW_CLOSED" | "REFUND_TOO_SOON" | "REFUND_TOO_MANY" | "REFUND_UNDER_WAY" | "REFUND_LINE_UNKNOWN" | "REFUND_SUM_DIFFERS" | "REFUND_BEYOND_RULE" | "REFUND_AMOUNT_CHANGED" | "ORDER_NOT_EXCEPTION" | "ORDER_SETTLED" | "NOTHING_PAID" | "UNMATCHED_NOT_FOUND" | "UNMATCHED_RESOLVED" | "UNMATCHED_OF_ORDER" | "UNMATCHED_COUNTED" | "RECONCILIATION_NOT_FOUND" | "RECONCILIATION_RUNNING" | "CALLBACK_SIGNATURE" | "CALLBACK_CONTENT" | "UNKNOWN_TRADE" | "NOTICE_NOT_FOUND" | "TOPIC_UNKNOWN" | "HUB_UNAVAILABLE" | "NOT_A_WEBSOCKET" | "ORIGIN_REFUSED" | "TOO_MANY_SOCKETS" | "API_KEY_NOT_FOUND" | "TEMPLATE_NOT_FOUND" | "PLACEHOLDER_UNKNOWN" | "BROADCAST_NOT_FOUND" | "BROADCAST_STATE" | "SECOND_PERSON_REQUIRED" | "AUDIENCE_CHANGED" | "AUDIENCE_EMPTY" | "AUDIENCE_TOO_LARGE" | "LINK_NOT_ALLOWED" | "WEBHOOK_NOT_FOUND" | "WEBHOOK_DELIVERY_NOT_FOUND" | "WEBHOOK_ADDRESS_REFUSED" | "WEBHOOK_PAUSED" | "TOO_MANY_WEBHOOKS";
        CategoryList: {
            items: components["schemas"]["Category"][];
        };
        Category: {
            id: components["schemas"]["ID"];
            name: string;
            /** @description How many are on sale */
            courses: number;
        };
        CourseList: {
            items: components["schemas"]["CourseCard"][];
            next_cursor?: components["schemas"]["Cursor"];
        };
        /** @description What every view of a course on sale has */
        CourseFields: {
            id: components["schemas"]["ID"];
            /** @example Go 语言从零到一 */
            title: string;
            subtitle: string;
            /** @description The address of a picture: https, or a path of this shop */
            cover: string;
            category_id: components["schemas"]["ID"];
            teacher: components["schemas"]["TeacherCard"];
            /** @description What the default policy costs */
            price_fen: components["schemas"]["Fen"];
            /** @description The lowest price of all policies where that is another */
            from_fen?: components["schemas"]["Fen"];
            /** @description A stage costs nothing */
            free_stage?: boolean;
            /** @description What all of the course costs in the end: the lowest price for ever, else the lowest that is not a free stage's. 0: it really is free */
            whole_fen: components["schemas"]["Fen"];
            /** @description With free_stage: what comes after the free stages, the next stage or the whole course */
            after_fen?: components["schemas"]["Fen"];
            /** @description With free_stage: how long the first free stage is */
            free_period?: components["schemas"]["Period"];
            level?: components["schemas"]["Level"];
            /** @description Seconds of all lessons */
            duration_s: number;
            learners: number;
            lessons: number;
            on_sale: boolean;
        };
        /** @description A course in a list */
        CourseCard: components["schemas"]["CourseFields"];
        /**
         * @description What a course asks of its learners
         * @enum {string}
         */
        Level: "beginner" | "intermediate" | "advanced";
        TeacherCard: {
            name: string;
            title: string;
            /** @description On the course's own page */
            intro?: string;
        };
        /** @description A course on its own page */
        Course: components["schemas"]["CourseFields"] & {
            description: string;
            chapters: {
                title: string;
                lessons: components["schemas"]["OutlineLesson"][];
            }[];
            /** @description The select that a buyer chooses from */
            offers: components["schemas"]["Offer"][];
            /** @description Of a learner that has one, open or not */
            enrolment?: components["schemas"]["Enrolment"];
        };
        OutlineLesson: {
            id: components["schemas"]["ID"];
            title: string;
            kind: components["schemas"]["LessonKind"];
            duration_s: components["schemas"]["LessonDuration"];
            /** @description Open to everybody */
            preview: boolean;
        };
        OpenedLesson: {
            course_id: components["schemas"]["ID"];
            id: components["schemas"]["ID"];
            title: string;
            kind: components["schemas"]["LessonKind"];
            duration_s: components["schemas"]["LessonDuration"];
            preview: boolean;
            /** @description An address of the editor's own, for those who may open the lesson now; unlike that of the playback it is not signed and does not end */
            url?: string;
            playback?: components["schemas"]["Playback"];
            progress?: components["schemas"]["LessonProgress"];
            /** @description Of a text lesson: its text, with no script, style or address of another host in it */
            html?: string;
            attachments?: components["schemas"]["OpenedAttachment"][];
        };
        /** @description Where the file of the lesson is played; of the kind text it is read in `html` */
        Playback: {
            /** @enum {string} */
            kind: "hls" | "file" | "text";
            /** @description An address of this shop, good until expires_at */
            url?: string;
            expires_at: components["schemas"]["Time"];
            /** @description MIME type */
            type?: string;
            poster?: string;
            /** @description To be shown over the picture: a masked name */
            watermark?: string;
            /** @description The session that plays: `playback.ended` names it where another one takes over; none in a preview */
            session?: components["schemas"]["ID"];
            captions?: components["schemas"]["OpenedCaption"][];
        };
        /** @description Captions in WebVTT */
        OpenedCaption: {
            /** @description A tag of BCP 47 */
            language: string;
            label: string;
            /** @description Good as long as that of the playback */
            url: string;
        };
        /** @description A file to be downloaded */
        OpenedAttachment: {
            id: components["schemas"]["ID"];
            name: string;
            /** @description MIME type */
            type: string;
            /** @description Bytes */
            size: number;
            /** @description An address of this shop, good until expires_at */
            url: string;
            expires_at: components["schemas"]["Time"];
        };
        /** @enum {string} */
        LessonKind: "video" | "audio" | "text";
        /** @description Seconds */
        LessonDuration: number;
        /**
         * @description A step of the course's ladder, sold once each and in order; a period, sold as often as wanted; for ever
         * @enum {string}
         */
        PolicyKind: "stage" | "period" | "lifetime";
        /**
         * @description How long a policy opens a course, in calendar months or days of Asia/Shanghai
         * @example {
         *       "unit": "month",
         *       "count": 1
         *     }
         */
        Period: {
            /** @enum {string} */
            unit: "month" | "day";
            count: number;
        };
        /** @description Which step of the ladder, from 1; stages only */
        Stage: number;
        /** @description A price policy as this learner may buy it now. price_fen is list_price_fen, or what was promised, less credit_fen */
        Offer: {
            policy_id: components["schemas"]["ID"];
            /** @description Of the course's price policies */
            version: number;
            kind: components["schemas"]["PolicyKind"];
            /** @example 首月免费 */
            name: string;
            stage?: components["schemas"]["Stage"];
            period?: components["schemas"]["Period"];
            /** @description What this learner pays */
            price_fen: components["schemas"]["Fen"];
            /** @description What it costs everybody */
            list_price_fen: components["schemas"]["Fen"];
            /** @description Stages already paid that count towards the full price */
            credit_fen: components["schemas"]["Fen"];
            available: boolean;
            /** @description What buying it would be refused with */
            reason?: components["schemas"]["Code"];
        };
        PricePolicy: {
            /** @description The same from version to version */
            id: components["schemas"]["ID"];
            kind: components["schemas"]["PolicyKind"];
            name: string;
            stage?: components["schemas"]["Stage"];
            period?: components["schemas"]["Period"];
            price_fen: components["schemas"]["Fen"];
            /** @description What a new cart line gets */
            default?: boolean;
        };
        NoteText: {
            text: string;
            /** @description Seconds into the lesson; missing in a note of the whole lesson */
            at_s?: number;
        };
        Note: {
            id: components["schemas"]["ID"];
            text: string;
            at_s?: number;
            created_at: components["schemas"]["Time"];
            updated_at: components["schemas"]["Time"];
        };
        NoteList: {
            items: components["schemas"]["Note"][];
        };
        SearchResult: {
            items: components["schemas"]["FoundCourse"][];
            next_cursor?: components["schemas"]["Cursor"];
            /** @description Courses on all pages */
            total: number;
            /** @description The words as they were understood, where one was misspelt */
            corrected?: string;
            facets: components["schemas"]["Facets"];
        };
        /** @description A course, and where the words stand in it */
        FoundCourse: components["schemas"]["CourseFields"] & {
            marks?: components["schemas"]["Marks"];
        };
        /** @description Only texts in which a word stands */
        Marks: {
            title?: components["schemas"]["Ranges"];
            subtitle?: components["schemas"]["Ranges"];
            teacher?: components["schemas"]["Ranges"];
            category?: components["schemas"]["Ranges"];
            lessons?: {
                id: components["schemas"]["ID"];
                title: string;
                ranges: components["schemas"]["Ranges"];
            }[];
        };
        /** @description Stretches in characters (code points): from the first to before the last */
        Ranges: number[][];
        /** @description How many courses each choice would leave, under the other choices as they are */
        Facets: {
            /** @description By the category's id */
            category: {
                [key: string]: number;
            };
            price: {
                [key: string]: number;
            };
            free_month: number;
            length: {
                [key: string]: number;
            };
            level: {
                [key: string]: number;
            };
        };
        SuggestionList: {
            items: components["schemas"]["Suggestion"][];
        };
        Suggestion: {
            /** @enum {string} */
            kind: "course" | "teacher" | "category";
            /** @description The course's or the category's */
            id?: components["schemas"]["ID"];
            text: string;
            ranges?: components["schemas"]["Ranges"];
        };
        /** @description Lower case: a letter or figure, then those, `_`, `.`, `-`. Sent in any case */
        Username: string;
        /** @description 8 to 256 bytes, 15 at least for staff; none that everybody tries first */
        Password: string;
        /**
         * @description What the login is used by. Where no `device` is given, a user has one token for each. Any other name is `INVALID_FIELD` with the names in `allowed`
         * @default web
         * @example phone
         * @enum {string}
         */
        Client: "" | "web" | "phone" | "tablet" | "desktop" | "wechat" | "miniprogram" | "app" | "ios" | "android" | "console";
        /**
         * @description A random id that the browser or app made for itself and keeps, such as a UUID. A user has one session for each device, and ten sessions at most: the eleventh ends the one that was not used for longest
         * @default
         */
        Device: string;
        ListedSession: {
            id: components["schemas"]["ID"];
            /**
             * @description For people, by the User-Agent of the login, in the language of the request
             * @example iPhone · 微信
             */
            device_name: string;
            /**
             * @description As at the login
             * @example web
             */
            client: string;
            created_at: components["schemas"]["Time"];
            /** @description The last request with its token, to five minutes */
            last_seen_at: components["schemas"]["Time"];
            /** @description The session that asks */
            current: boolean;
        };
        /** @description Each part is a list of objects with the fields that the API has of such things */
        PersonalData: {
            /** @enum {integer} */
            format: 1;
            exported_at: components["schemas"]["Time"];
            user_id: components["schemas"]["ID"];
            /** @description One: names, number, language, notification choices */
            profile: components["schemas"]["PersonalPart"];
            sessions: components["schemas"]["PersonalPart"];
            /** @description Bindings */
            wechat: components["schemas"]["PersonalPart"];
            consents: components["schemas"]["PersonalPart"];
            /** @description With their payments and refunds */
            orders: components["schemas"]["PersonalPart"];
            enrolments: components["schemas"]["PersonalPart"];
            /** @description Those that are used */
            free_stages: components["schemas"]["PersonalPart"];
            progress: components["schemas"]["PersonalPart"];
            notes: components["schemas"]["PersonalPart"];
            /** @description The devices that play now */
            playing: components["schemas"]["PersonalPart"];
            notices: components["schemas"]["PersonalPart"];
            /** @description Which news for everybody were read */
            read_activities: components["schemas"]["PersonalPart"];
            /** @description What happened to the account */
            account_history: components["schemas"]["PersonalPart"];
            /** @description null where carts cannot be read now */
            cart: components["schemas"]["PersonalPart"] | null;
        };
        PersonalPart: Record<string, never>[];
        /** @description The editions of the shop's papers that one agrees to. `GET /api/papers` has those that are wanted in `consent` */
        Consents: components["schemas"]["PaperEdition"][];
        PaperEdition: {
            /** @enum {string} */
            paper: "terms" | "privacy" | "refunds";
            version: number;
        };
        Agreement: {
            wanted: components["schemas"]["PaperEdition"][];
            /** @description The oldest first */
            given: {
                /** @enum {string} */
                paper: "terms" | "privacy" | "refunds";
                version: number;
                at: components["schemas"]["Time"];
            }[];
        };
        /**
         * @description The language that the shop writes in
         * @enum {string}
         */
        Locale: "zh-CN" | "en";
        /** @enum {string} */
        Role: "learner" | "editor" | "marketer" | "finance" | "admin" | "support";
        User: {
            id: components["schemas"]["ID"];
            /** @description Empty for an account that WeChat created and that chose none */
            username: string;
            name: string;
            roles: components["schemas"]["Role"][];
        };
        Session: {
            /** @description To be sent as `Authorization: Bearer TOKEN` */
            token: string;
            expires_at: components["schemas"]["Time"];
            user: components["schemas"]["User"];
        };
        /** @description What is wanted as WeChat messages; activities also in the inbox */
        Notifications: {
            orders: boolean;
            reminders: boolean;
            activities: boolean;
        };
        Me: {
            id: components["schemas"]["ID"];
            username: string;
            name: string;
            roles: components["schemas"]["Role"][];
            wechat_bound: boolean;
            /** @description Masked, as 138****1234; empty: none */
            phone: string;
            has_password: boolean;
            /** @description The tag of the links that I share, `?from=` of a page. Nothing leads from it to me */
            referral: string;
            notifications: components["schemas"]["Notifications"];
            locale: components["schemas"]["Locale"];
        };
        /** @description A mobile number as people type it; without +, of China */
        Phone: string;
        /** @description Six digits */
        SmsCode: string;
        LoginWays: {
            /** @description By a code in a text message */
            phone: boolean;
            /** @description With WeChat */
            wechat: boolean;
        };
        LoginCode: {
            code: components["schemas"]["ID"];
            /** @description Of the page that asked */
            secret: string;
            /** @description What the code leads to */
            url: string;
            expires_at: components["schemas"]["Time"];
        };
        WaitingPage: {
            /** @description In the reader's language, such as Windows · Chrome */
            device_name: string;
            begun_at: components["schemas"]["Time"];
            expires_at: components["schemas"]["Time"];
        };
        /**
         * @example {
         *       "version": 7,
         *       "lines": [
         *         {
         *           "course_id": "go1",
         *           "title": "Go 语言从零到一",
         *           "cover": "/covers/go1.svg",
         *           "policies": [
         *             {
         *               "id": "go1full",
         *               "kind": "lifetime",
         *               "name": "全款",
         *               "price_fen": 99900
         *             }
         *           ],
         *           "policy_id": "go1full",
         *           "price_fen": 99900,
         *           "added_at": "2026-03-01T02:03:04.567Z"
         *         }
         *       ],
         *       "total_fen": 99900
         *     }
         */
        Cart: {
            /** @description Grows with every change of what a cart shows and never falls: the higher version is the newer cart, and one version is one content, here and in cart.changed */
            version: number;
            /** @description Newest first */
            lines: components["schemas"]["CartLine"][];
            /** @description Without the lines that cannot be bought */
            total_fen: components["schemas"]["Fen"];
        };
        MergedCart: {
            version: number;
            lines: components["schemas"]["CartLine"][];
            total_fen: components["schemas"]["Fen"];
            left_out?: components["schemas"]["LeftOut"][];
        };
        /** @description A visitor's line that did not enter the cart */
        LeftOut: {
            course_id: components["schemas"]["ID"];
            policy_id?: string;
            /** @description `COURSE_NOT_FOUND`, `CART_FULL` */
            code: components["schemas"]["Code"];
        };
        CartLine: {
            course_id: components["schemas"]["ID"];
            title: string;
            cover: string;
            /** @description What can be chosen, at this learner's prices */
            policies: components["schemas"]["PricePolicy"][];
            policy_id: string;
            price_fen: components["schemas"]["Fen"];
            added_at: components["schemas"]["Time"];
            /** @description Why the line cannot be bought as it stands; PRICE_CHANGED alone does not keep it out of the total */
            problem?: {
                code: components["schemas"]["Code"];
                /** @description Figures for a sentence about the code */
                params?: {
                    /** @description Of PRICE_CHANGED: the price that was chosen */
                    seen_fen: components["schemas"]["Fen"];
                };
                /** @description The sentence, in the language asked for; cart.changed carries none */
                detail?: string;
                /** @description A policy to choose instead */
                suggestion?: string;
            };
        };
        /** @description Each course once */
        LineRequests: {
            course_id: string;
            policy_id: string;
        }[];
        /**
         * @description A code to scan; inside WeChat; in a phone's browser
         * @enum {string}
         */
        Channel: "native" | "jsapi" | "h5";
        /**
         * @description How it is to be paid
         * @default native
         * @enum {string}
         */
        ChannelRequest: "" | "native" | "jsapi" | "h5";
        /** @description WeChat shows the first 80 characters */
        RefundReason: string;
        Quote: {
            lines: components["schemas"]["QuoteLine"][];
            problems: components["schemas"]["QuoteProblem"][];
            /** @description Of the lines without a problem */
            total_fen: components["schemas"]["Fen"];
        };
        /** @description One line with its price. A line that cannot be bought names what was asked for and its `problem` */
        QuoteLine: {
            course_id: string;
            title: string;
            cover: string;
            policy_id: string;
            /** @description Of the policy */
            name: string;
            /** @description Of the course's price policies */
            version: number;
            /** @enum {string} */
            kind: "" | "stage" | "period" | "lifetime";
            stage?: components["schemas"]["Stage"];
            period?: components["schemas"]["Period"];
            /** @description What this learner pays */
            price_fen: components["schemas"]["Fen"];
            /** @description What it costs everybody */
            list_price_fen: components["schemas"]["Fen"];
            /** @description Stages already paid that count towards the full price */
            credit_fen: components["schemas"]["Fen"];
            /** @description The orders of those stages */
            credit_orders?: components["schemas"]["ID"][];
            /**
             * @description A paid stage that has not begun: it is part of the credit, or goes back
             * @enum {string}
             */
            credit_use?: "credit" | "refund";
            /** @description What goes back for it once this line is granted */
            needless_refund_fen?: components["schemas"]["Fen"];
            problem?: components["schemas"]["Code"];
        };
        QuoteProblem: {
            course_id: string;
            policy_id: string;
            code: components["schemas"]["Code"];
            detail?: string;
            /** @description What can be bought of the course instead */
            offers?: components["schemas"]["Offer"][];
        };
        /**
         * @description Waits for money; being closed at WeChat; closed; paid, not granted yet; granted; money on its way back; part of it is
         *     back, or all; the money does not fit and people decide.
         * @enum {string}
         */
        OrderState: "pending" | "closing" | "closed" | "paid" | "fulfilled" | "refunding" | "partially_refunded" | "refunded" | "exception";
        /** @description What every view of an order has */
        OrderFields: {
            id: components["schemas"]["ID"];
            state: components["schemas"]["OrderState"];
            lines: components["schemas"]["OrderLine"][];
            total_fen: components["schemas"]["Fen"];
            paid_fen: components["schemas"]["Fen"];
            refunded_fen: components["schemas"]["Fen"];
            /** @enum {string} */
            close_reason?: "timeout" | "user" | "superseded" | "off_sale" | "abandoned" | "returned";
            created_at: components["schemas"]["Time"];
            /** @description When it closes unless it is paid */
            expires_at: components["schemas"]["Time"];
            paid_at?: components["schemas"]["Time"];
            refunds?: components["schemas"]["Refund"][];
        };
        /** @description An order as its owner sees it */
        Order: components["schemas"]["OrderFields"];
        /** @description An order with how to pay it while it can be paid, here and in order.changed */
        OrderWithPayment: components["schemas"]["OrderFields"] & {
            payment?: components["schemas"]["Payment"];
        };
        OrderList: {
            items: components["schemas"]["Order"][];
            next_cursor?: components["schemas"]["Cursor"];
        };
        /** @description One course under one price policy, as it was when the order was placed */
        OrderLine: {
            course_id: components["schemas"]["ID"];
            title: string;
            policy_id: components["schemas"]["ID"];
            policy_name: string;
            version: number;
            kind: components["schemas"]["PolicyKind"];
            stage?: components["schemas"]["Stage"];
            price_fen: components["schemas"]["Fen"];
            list_price_fen: components["schemas"]["Fen"];
            credit_fen: components["schemas"]["Fen"];
            /**
             * Format: int64
             * @description What a payment that was taken as it is made the line cost more or less, in fen; missing: nothing
             */
            adjust_fen?: number;
            credit_orders?: components["schemas"]["ID"][];
            /** @description What of price_fen has gone back; the lines add up to the order's refunded_fen */
            refunded_fen: components["schemas"]["Fen"];
            /**
             * @description What became of it once paid; refused: it goes back
             * @enum {string}
             */
            result?: "granted" | "refused";
            /**
             * @description Why it was refused: the code that buying it would have given by then (`ALREADY_OWNED`, `TRIAL_USED`, …), `COURSE_OFF_SALE`:
             *     taken down by law, `COURSE_NOT_FOUND`, or `ACCOUNT_DELETED`: the account was deleted before it was granted
             */
            refusal?: string;
        };
        Refund: {
            out_refund_no: string;
            /** @enum {string} */
            state: "requested" | "approved" | "rejected" | "submitted" | "processing" | "succeeded" | "abnormal" | "closed";
            amount_fen: components["schemas"]["Fen"];
            reason: string;
            /** @description What of it belongs to which course; a refund of a payment for nothing has none */
            lines?: components["schemas"]["RefundPart"][];
            created_at: components["schemas"]["Time"];
            done_at?: components["schemas"]["Time"];
        };
        RefundPart: {
            course_id: components["schemas"]["ID"];
            amount_fen: components["schemas"]["Fen"];
        };
        /** @description What a page needs to let the buyer pay */
        Payment: {
            channel: components["schemas"]["Channel"];
            out_trade_no: string;
            /**
             * @description native: what the code to scan holds
             * @example weixin://wxpay/bizpayurl?pr=…
             */
            code_url?: string;
            /** @description jsapi: the parameters of getBrandWCPayRequest, signed */
            jsapi?: {
                appId: string;
                timeStamp: string;
                nonceStr: string;
                package: string;
                signType: string;
                paySign: string;
            };
            /** @description h5: where to send the browser */
            h5_url?: string;
            expires_at: components["schemas"]["Time"];
        };
        Placed: {
            order: components["schemas"]["Order"];
            payment?: components["schemas"]["Payment"];
            /** @description It was open already */
            reused?: boolean;
            /** @description It costs less than `total_fen` */
            lowered?: boolean;
        };
        OrderRefund: {
            lines: components["schemas"]["RefundLine"][];
            amount_fen: components["schemas"]["Fen"];
            /** @description Nothing of what was paid is left after it */
            full: boolean;
        };
        RefundLine: {
            course_id: components["schemas"]["ID"];
            amount_fen: components["schemas"]["Fen"];
            full: boolean;
            /** @enum {string} */
            rule?: "free" | "full_within_7_days" | "pro_rata" | "needless" | "refused" | "finance";
            unused_days?: number;
            total_days?: number;
            /** @description The course closes */
            ends_access: boolean;
            problem?: components["schemas"]["Code"];
        };
        /** @description What every view of an enrolment has */
        EnrolmentFields: {
            course_id: components["schemas"]["ID"];
            state: components["schemas"]["GrantState"];
            until: components["schemas"]["Until"];
            /** @description How many stages were had */
            stage: number;
            grants: components["schemas"]["Grant"][];
        };
        /** @description What a learner may watch of a course, and until when */
        Enrolment: components["schemas"]["EnrolmentFields"];
        EnrolmentList: {
            items: components["schemas"]["EnrolmentItem"][];
        };
        EnrolmentItem: components["schemas"]["EnrolmentFields"] & {
            /** @description Empty where the course has left the catalogue */
            title: string;
            cover: string;
            lessons: number;
            progress: components["schemas"]["ProgressSummary"];
        };
        /**
         * @description Begins later; open; over; waits for its refund; paid back
         * @enum {string}
         */
        GrantState: "scheduled" | "active" | "expired" | "frozen" | "revoked";
        /**
         * Format: date-time
         * @description The first instant too late; null is for ever
         */
        Until: string | null;
        /** @description One purchase's part of an enrolment */
        Grant: {
            order_id: components["schemas"]["ID"];
            policy_id: components["schemas"]["ID"];
            kind: components["schemas"]["PolicyKind"];
            stage?: components["schemas"]["Stage"];
            from: components["schemas"]["Time"];
            until: components["schemas"]["Until"];
            state: components["schemas"]["GrantState"];
        };
        Progress: {
            course_id: components["schemas"]["ID"];
            /** @description By the lesson's id */
            lessons: {
                [key: string]: components["schemas"]["LessonProgress"];
            };
            progress: components["schemas"]["ProgressSummary"];
        };
        LessonProgress: {
            opened_at: components["schemas"]["Time"];
            /** @description Where to go on, in seconds */
            position_s: number;
            /** @description The furthest position ever */
            furthest_s: number;
            /** @description The most seconds that one device has played */
            watched_s: number;
            done: boolean;
            updated_at: components["schemas"]["Time"];
        };
        /** @description Lessons count as the outline has them now */
        ProgressSummary: {
            lessons_done: number;
            lessons: number;
            /** @description Where to go on; missing before the first lesson */
            last_lesson_id?: components["schemas"]["ID"];
            updated_at?: components["schemas"]["Time"];
            /** @description Every lesson is done */
            finished: boolean;
        };
        Inbox: {
            items: components["schemas"]["Notice"][];
            next_cursor?: components["schemas"]["Cursor"];
            /** @description How many are unread in all */
            unread: number;
            /** @description The reader wants activities; open pages hear of those to everybody */
            activities: boolean;
        };
        /** @description A notice as its reader sees it */
        Notice: components["schemas"]["NoticeFields"];
        /** @description What the inbox and the event that shows a notice have in common */
        NoticeFields: {
            id: string;
            /**
             * @description What it is about
             * @example order_fulfilled
             */
            kind: string;
            title: string;
            body: string;
            /** @description A page of the shop, as a path; of an activity also https elsewhere */
            link?: string;
            created_at: components["schemas"]["Time"];
            read: boolean;
        };
        Binding: {
            ticket: string;
            /** @description What the code holds, for a page that draws it */
            url: string;
            /** @description The code drawn by WeChat */
            image_url: string;
            expires_at: components["schemas"]["Time"];
        };
        /** @description In WeChat's words. It looks at the status alone, and comes again unless that is 200 or 204 */
        CallbackAnswer: {
            /** @example SUCCESS */
            code: string;
            message: string;
        };
        Published: {
            topic: string;
            /** @description The event's position in its topic */
            pos: string;
        };
        HubStats: {
            /** @description On this instance, handshakes under way included */
            sockets: components["schemas"]["Count"];
            /** @description Logged in on this instance, each counted once */
            users: components["schemas"]["Count"];
            /** @description With followers on this instance */
            topics: components["schemas"]["Count"];
            accepted: components["schemas"]["Count"];
            /** @description Of them, event streams: networks that break WebSockets */
            streams: components["schemas"]["Count"];
            /** @description Origin, caps, closing */
            refused: components["schemas"]["Count"];
            /** @description Of the refused: handshakes sent away with a time of their own to come back */
            delayed: components["schemas"]["Count"];
            tokens_refused: components["schemas"]["Count"];
            /** @description By this instance, repeats of a Once included */
            published: components["schemas"]["Count"];
            /** @description Entries of the logs, from all instances */
            received: components["schemas"]["Count"];
            /** @description To sockets, live */
            delivered: components["schemas"]["Count"];
            /** @description To sockets, on resume */
            replayed: components["schemas"]["Count"];
            /** @description System calls for the two above */
            writes: components["schemas"]["Count"];
            /** @description Topics that went on without a gap */
            resumed: components["schemas"]["Count"];
            /** @description Topics with `resumed` false though since was given */
            not_resumed: components["schemas"]["Count"];
            /** @description States that gave way to a newer one before they were sent */
            conflated: components["schemas"]["Count"];
            /** @description Shared topics that a lagging socket had to read again */
            resynced: components["schemas"]["Count"];
            slow_closes: components["schemas"]["Count"];
            silent_closes: components["schemas"]["Count"];
            flood_closes: components["schemas"]["Count"];
            /** @description Redis subscriptions */
            links_lost: components["schemas"]["Count"];
            /** @description Messages dropped between receiver and feeder, caught up after */
            overruns: components["schemas"]["Count"];
            /** @description Entries read from the stream instead of the subscription */
            caught_up: components["schemas"]["Count"];
            /** @description Partitions that lost continuity */
            restarts: components["schemas"]["Count"];
            /** @description It knows where the events are and keeps up */
            healthy: boolean;
            /** @description All instances. The figures are as old as two seconds; an instance that died counts for six */
            online: {
                instances: number;
                sockets: components["schemas"]["Count"];
                /** @description Sockets without a login */
                anonymous: components["schemas"]["Count"];
                /** @description Each counted once, on however many sockets */
                users: components["schemas"]["Count"];
                /** @description The busiest, by the names that clients use; `user` is each learner's own */
                topics: {
                    [key: string]: {
                        /** @description Without visitors */
                        users: components["schemas"]["Count"];
                        sockets: components["schemas"]["Count"];
                    };
                };
                /** @description How many topics are left out */
                more_topics: components["schemas"]["Count"];
                /** @description All instances have reported everything */
                complete: boolean;
            };
        };
        Count: number;
        /**
         * @example {
         *       "title": "双十一",
         *       "body": "全场课程限时优惠。",
         *       "link": "/courses/go1",
         *       "audience": {
         *         "kind": "all"
         *       }
         *     }
         */
        NewBroadcast: {
            /** @description Plain text, one line */
            title: string;
            /** @description Plain text */
            body: string;
            /** @description A page of the shop, as a path, or https on a host that the settings allow */
            link?: string;
            audience: components["schemas"]["Audience"];
            channels?: components["schemas"]["Channels"];
            /**
             * Format: date-time
             * @description Not over, at most 90 days ahead; without it, now
             */
            send_at?: string;
        };
        /**
         * @description Where it goes; without it, live and inbox. `wechat` reaches people that asked for a message of an activity; it is refused
         *     where the settings name no template for that.
         */
        Channels: ("live" | "inbox" | "wechat")[];
        /**
         * @description `all`: every account, and visitors' open pages. `course`, `category`: has or had access and did not give it back.
         *     `expiring`: access ends within so many `days`. `trial_not_continued`: the free stage is over, and the learner bought
         *     nothing after it. `users`: listed. `online`: with a page open, logged in. A `course_id` narrows `expiring` and
         *     `trial_not_continued` down.
         */
        Audience: {
            /** @enum {string} */
            kind: "all" | "course" | "category" | "expiring" | "trial_not_continued" | "users" | "online";
            course_id?: components["schemas"]["ID"];
            category_id?: components["schemas"]["ID"];
            days?: number;
            /** @description Not answered again */
            user_ids?: components["schemas"]["ID"][];
        };
        AudienceCount: {
            audience: number;
            /** @description A second person has to agree */
            needs_confirmation: boolean;
        };
        /** @enum {string} */
        BroadcastState: "unconfirmed" | "scheduled" | "sending" | "paused" | "sent" | "cancelled";
        Broadcast: {
            id: components["schemas"]["ID"];
            state: components["schemas"]["BroadcastState"];
            title: string;
            body: string;
            link?: string;
            audience: components["schemas"]["Audience"];
            channels: components["schemas"]["Channels"];
            /** @description A user, or key:ID */
            created_by: string;
            created_at: components["schemas"]["Time"];
            confirmed_by?: string;
            send_at?: components["schemas"]["Time"];
            started_at?: components["schemas"]["Time"];
            ended_at?: components["schemas"]["Time"];
            counts: components["schemas"]["BroadcastCounts"];
            /**
             * @description What came of it, in people; final two weeks after the end. `bought`: of its readers, those that paid for the linked
             *     course, or, where none is linked, for any, within seven days of reading it
             */
            funnel?: {
                read: number;
                clicked: number;
                bought: number;
            };
            /** @description Why WeChat messages failed or were skipped, the most frequent reason first; of a single broadcast only */
            reasons?: {
                /** @enum {string} */
                state: "failed" | "skipped";
                /** @description NOT_SUBSCRIBED, TOO_LATE and others of the shop, or an errcode of WeChat */
                code: string;
                people: number;
            }[];
            /** @description Every move, oldest first */
            history?: {
                /** @enum {string} */
                move: "accept" | "ask" | "confirm" | "start" | "pause" | "cancel" | "finish";
                to: components["schemas"]["BroadcastState"];
                /** @description A user, key:ID, or shop */
                by: string;
                at: components["schemas"]["Time"];
            }[];
        };
        /** @description Numbers of people */
        BroadcastCounts: {
            /** @description When it was accepted; once it is sent, `told` and `opted_out` together */
            audience: number;
            /** @description Handed to every channel */
            told: number;
            /** @description Want no activities */
            opted_out: number;
            /** @description Of these, had a page open, logged in */
            live: number;
            /** @description Of these, have it in the inbox */
            inbox: number;
            /** @description Wait for WeChat */
            wechat_waiting: number;
            /** @description It took them */
            wechat_sent: number;
            /** @description It refused them, or the outcome is unknown */
            wechat_failed: number;
            /** @description Were not to get one; at the end the four add up to all that it was handed to */
            wechat_skipped: number;
        };
        Affected: {
            watching: {
                /** @description Of visitors too */
                pages: number;
                /** @description Logged in */
                users: number;
                /** @description All instances are counted */
                complete: boolean;
            };
            /** @description Left out while carts are away */
            carts?: {
                people: number;
                exact: boolean;
            };
            /** @description The policies of today, and older ones that are held */
            holders: {
                policy_id: components["schemas"]["ID"];
                kind: components["schemas"]["PolicyKind"];
                name: string;
                stage?: number;
                people: number;
            }[];
            /** @description Had access, and have none now */
            lapsed: number;
            /** @description Are promised the lower of their old price and that of today */
            keep: number;
            /** @description False: the figures of learners are estimates */
            exact: boolean;
        };
        NewCoursePlan: {
            /**
             * Format: date-time
             * @description By the shop's clock
             */
            publish_at: string;
            /**
             * @default publish
             * @enum {string}
             */
            action: "publish" | "unpublish";
            policies?: components["schemas"]["PolicyInput"][];
            ladder?: components["schemas"]["Ladder"];
            v?: number;
        };
        CoursePlan: {
            /** @enum {string} */
            action: "publish" | "unpublish";
            publish_at: components["schemas"]["Time"];
            /** @enum {string} */
            state: "waiting" | "done" | "failed";
            /** @description Published at that time */
            policies?: components["schemas"]["PricePolicy"][];
            ladder?: components["schemas"]["Ladder"];
            by: components["schemas"]["ID"];
            /** @description Left out where the account is gone */
            by_name?: string;
            made_at: components["schemas"]["Time"];
            ended_at?: components["schemas"]["Time"];
            /** @description The code of why it has failed */
            reason?: string;
            /** @description The field that the reason is at */
            param?: string;
        };
        /** @enum {string} */
        CourseState: "draft" | "on_sale" | "off_sale";
        AdminCourseList: {
            items: components["schemas"]["AdminCourseCard"][];
            next_cursor?: components["schemas"]["Cursor"];
        };
        AdminCourseCard: components["schemas"]["CourseFields"] & {
            state: components["schemas"]["CourseState"];
            /** @description Of the price policies; 0 before the first */
            version: number;
            plan?: components["schemas"]["CoursePlan"];
            updated_at: components["schemas"]["Time"];
        };
        AdminCourse: {
            id: components["schemas"]["ID"];
            state: components["schemas"]["CourseState"];
            title: string;
            subtitle: string;
            cover: string;
            category_id: components["schemas"]["ID"];
            teacher: components["schemas"]["Teacher"];
            level?: components["schemas"]["Level"];
            description: string;
            chapters: components["schemas"]["Chapter"][];
            policies: components["schemas"]["PricePolicy"][];
            ladder: components["schemas"]["Ladder"];
            version: number;
            /** @description All that were published, oldest first */
            versions: {
                version: number;
                published_at: components["schemas"]["Time"];
                policies: components["schemas"]["PricePolicy"][];
                ladder: components["schemas"]["Ladder"];
            }[];
            plan?: components["schemas"]["CoursePlan"];
            learners: number;
            /** @description Counts the edits; send it back with the next one */
            v: number;
            created_at: components["schemas"]["Time"];
            updated_at: components["schemas"]["Time"];
        };
        Teacher: {
            name: string;
            title?: string;
            intro?: string;
        };
        Chapter: {
            title: string;
            lessons?: components["schemas"]["Lesson"][];
        };
        Lesson: {
            /** @description Given by the shop where it is left out */
            id?: string;
            title: string;
            kind: components["schemas"]["LessonKind"];
            duration_s?: components["schemas"]["LessonDuration"];
            /** @description Open to everybody */
            preview?: boolean;
            /** @description https, or a path of this shop; given to those who may open the lesson as it stands, unsigned. For what is sold, upload a file and name it in media_id */
            url?: string;
            /** @description A file of /api/admin/media; it goes before url */
            media_id?: components["schemas"]["ID"];
            attachments?: components["schemas"]["Attachment"][];
            captions?: components["schemas"]["Caption"][];
        };
        /** @description A file that goes with a lesson, to be downloaded under the name */
        Attachment: {
            media_id: components["schemas"]["ID"];
            name: string;
        };
        /** @description Captions of a lesson, a file of the kind caption (WebVTT); each language once */
        Caption: {
            media_id: components["schemas"]["ID"];
            /** @description A tag of BCP 47, zh-Hans */
            language: string;
            /** @description As a player lists it */
            label: string;
        };
        /** @description What holds for the stages of a course together */
        Ladder: {
            /**
             * @description Whether paid stages count towards the full price
             * @enum {string}
             */
            credit_mode?: "" | "none" | "paid_total";
            /** @description How long after the end of a stage the next one can be bought; 0: always */
            lapse_after_days?: number;
        };
        PolicyInput: {
            id?: string;
            kind: components["schemas"]["PolicyKind"];
            name: string;
            /** @description From 1, without holes; stages only */
            stage?: number;
            /** @description Stages and periods */
            period?: components["schemas"]["Period"] | null;
            /** @description A forgotten price is not "free" */
            price_fen: components["schemas"]["Fen"];
            default?: boolean;
        };
        PricingFields: {
            /** @description In the order of the select */
            policies?: components["schemas"]["PolicyInput"][];
            ladder?: components["schemas"]["Ladder"] | null;
        };
        Pricing: components["schemas"]["PricingFields"] & {
            /** @description The one that was read */
            v?: number;
        };
        OutlineFields: {
            title?: string;
            subtitle?: string;
            /** @description https, or a path of this shop; empty: it is drawn */
            cover?: string;
            category_id?: components["schemas"]["ID"];
            teacher?: components["schemas"]["Teacher"];
            /**
             * @description What is asked of a learner; empty: not said
             * @enum {string}
             */
            level?: "" | "beginner" | "intermediate" | "advanced";
            description?: string;
            chapters?: components["schemas"]["Chapter"][];
        };
        NewCourse: components["schemas"]["OutlineFields"] & components["schemas"]["PricingFields"] & unknown;
        CourseChange: components["schemas"]["OutlineFields"] & {
            /** @description The one that was read */
            v?: number;
        };
        LearningCounts: {
            course_id: components["schemas"]["ID"];
            /** @description Learners that have opened a lesson which is no preview */
            began: number;
            finished: number;
            /** @description In the order of the outline */
            lessons: {
                lesson_id: components["schemas"]["ID"];
                title: string;
                chapter: string;
                opened: number;
                done: number;
                /** @description Learners that opened this lesson last and have not finished the course: where they are, or stopped */
                last: number;
            }[];
        };
        AdminCategoryList: {
            items: components["schemas"]["AdminCategory"][];
        };
        AdminCategory: {
            id: components["schemas"]["ID"];
            name: string;
            /** @description Buyers do not see it; they see its courses */
            hidden: boolean;
            /** @description In any state */
            courses: number;
            on_sale: number;
            /** @description What an edit may name */
            v: number;
        };
        NewCategory: {
            name: string;
            hidden?: boolean;
        };
        CategoryEdit: {
            name?: string;
            hidden?: boolean;
            /** @description Its place among all, from 0 */
            position?: number;
            /** @description The version that was read */
            v?: number;
        };
        Front: {
            /** @description The edition */
            version: number;
            banners: {
                /** @description A path here */
                picture: string;
                title: string;
                /** @description What the picture shows; empty where the title says it */
                alt: string;
                /** @description A path here or an https address; empty where it leads nowhere */
                link: string;
            }[];
            rows: {
                title: string;
                courses: components["schemas"]["CourseCard"][];
            }[];
        };
        /** @description `to` is the id of a course or category, the words of a search, or an https address; empty for `none` */
        BannerLink: {
            /** @enum {string} */
            kind: "none" | "course" | "category" | "search" | "address";
            to: string;
        };
        BannerEdit: {
            /** @description A file that is ready, a picture of at most 2 MiB */
            picture: components["schemas"]["ID"];
            title: string;
            alt?: string;
            link?: components["schemas"]["BannerLink"];
            /** @description It is shown from then on; without it, at once */
            from?: components["schemas"]["Time"];
            /** @description It is shown until then; without it, for good */
            until?: components["schemas"]["Time"];
        };
        FrontRowEdit: {
            title: string;
            /** @description In their order, each once; those not on sale are left out when shown */
            courses: components["schemas"]["ID"][];
        };
        AdminFront: {
            /** @description The edition; 0 before the first edit */
            v: number;
            banners: {
                picture: components["schemas"]["ID"];
                title: string;
                alt: string;
                link: components["schemas"]["BannerLink"];
                from?: components["schemas"]["Time"];
                until?: components["schemas"]["Time"];
                /** @description Whether visitors are shown it now */
                shown: boolean;
            }[];
            rows: components["schemas"]["FrontRowEdit"][];
            /** @description The courses that rows and links name, by their ids */
            courses: {
                [key: string]: {
                    title: string;
                    cover: string;
                    on_sale: boolean;
                };
            };
            /** @description A user's id */
            edited_by?: string;
            edited_at?: components["schemas"]["Time"];
        };
        LessonTextInput: {
            text: string;
            version?: number;
        };
        LessonText: {
            course_id: components["schemas"]["ID"];
            lesson_id: components["schemas"]["ID"];
            /** @description Markdown */
            text: string;
            /** @description Counts the edits; send it back with the next one */
            version: number;
            /** @description As learners see it */
            html: string;
            updated_at?: components["schemas"]["Time"];
            /** @description Id of the editor */
            updated_by?: string;
        };
        /** @enum {string} */
        MediaState: "uploading" | "checking" | "ready" | "refused" | "deleting";
        /** @enum {string} */
        MediaJobState: "queued" | "running" | "done" | "failed" | "cancelled";
        /** @enum {string} */
        MediaJobKind: "check" | "transcode";
        Media: {
            id: components["schemas"]["ID"];
            state: components["schemas"]["MediaState"];
            /** @enum {string} */
            kind?: "video" | "audio" | "image" | "document" | "caption";
            /** @description MIME type, by the content */
            type?: string;
            name: string;
            /** @description Bytes */
            size: number;
            /** @description Bytes that have arrived */
            offset: number;
            sha256?: string;
            /** @description Id of the uploader */
            by: string;
            /** @description Why it was refused */
            reason?: string;
            /** @description A picture of a video: an address for a while, which takes no token */
            poster?: string;
            created_at: components["schemas"]["Time"];
            updated_at: components["schemas"]["Time"];
            /** @description What was made of a video */
            video?: {
                duration_s: number;
                width: number;
                height: number;
                heights: number[];
            };
            /** @description Of sound that was measured */
            audio?: {
                duration_s: number;
            };
            job?: {
                kind: components["schemas"]["MediaJobKind"];
                state: components["schemas"]["MediaJobState"];
                /** @description Percent */
                progress: number;
                error?: string;
            };
        };
        NoticeTemplate: {
            /**
             * @description Which notice it is
             * @example access_ends_in_7
             */
            form: string;
            /** @description What its wording may name, in braces: {course} */
            placeholders: {
                /** @example course */
                name: string;
                /**
                 * @description An amount is in yuan: 199.00
                 * @enum {string}
                 */
                type: "text" | "amount" | "date" | "time" | "number";
                /** @description By language */
                sample: {
                    [key: string]: string;
                };
            }[];
            texts: components["schemas"]["Wordings"];
            default: components["schemas"]["Wordings"];
            /** @description The texts are not the default's */
            edited: boolean;
            /** @description Grows with every edit; 0 before the first */
            v: number;
            /** @description A user's id */
            edited_by?: string;
            edited_at?: components["schemas"]["Time"];
        };
        Wording: {
            title: string;
            body: string;
        };
        Wordings: {
            "zh-CN": components["schemas"]["Wording"];
            en: components["schemas"]["Wording"];
        };
        AdminOrderList: {
            items: components["schemas"]["AdminOrderItem"][];
            next_cursor?: components["schemas"]["Cursor"];
        };
        AdminOrderItem: components["schemas"]["OrderFields"] & {
            user_id: components["schemas"]["ID"];
            /** @description Missing where the account is gone */
            username?: string;
            /** @description What was odd about the money */
            exception?: string;
            /** @description The tag of the link by which its buyer came */
            referral?: string;
        };
        AdminOrder: components["schemas"]["OrderFields"] & {
            user_id: components["schemas"]["ID"];
            username?: string;
            /** @description What was odd about the money */
            exception?: string;
            /** @description The tag of the link by which its buyer came */
            referral?: string;
            attempts: components["schemas"]["Attempt"][];
            /** @description What follows the order's moves, by name */
            duties: {
                [key: string]: components["schemas"]["Duty"];
            };
            /** @description Every move, oldest first */
            history: components["schemas"]["Record"][];
            strays?: components["schemas"]["Stray"][];
            /** @description What each line holds, in the order of the lines */
            standings: components["schemas"]["LineStanding"][];
            /** @description What its learner was told, oldest first */
            messages: components["schemas"]["OrderMessage"][];
            /** @description Which invariants it breaks */
            violations: components["schemas"]["Violation"][];
        };
        LineStanding: {
            course_id: components["schemas"]["ID"];
            /** @description Paid for it, and neither back nor on its way back */
            held_fen: components["schemas"]["Fen"];
            /** @description What the order gives of the course */
            grant?: components["schemas"]["Grant"];
            /** @description How the learner stands in the course by all orders; revoked: not at all */
            access: components["schemas"]["GrantState"];
            until: components["schemas"]["Until"];
            /** @description Orders that stand on top of this one in the course, newest first */
            later?: components["schemas"]["ID"][];
        };
        OrderMessage: {
            kind: string;
            title: string;
            posted_at: components["schemas"]["Time"];
            read_at?: components["schemas"]["Time"];
            /** @description The same as a WeChat message */
            wechat?: {
                /** @enum {string} */
                state: "waiting" | "sent" | "delivered" | "failed" | "skipped";
                /** @description Why it failed or was skipped */
                code?: string;
                sent_at?: components["schemas"]["Time"];
            };
        };
        Violation: {
            invariant: string;
            /** @description order:ID, enrolment:USER:COURSE, … */
            object: string;
            detail: string;
        };
        RefundPreview: {
            lines: components["schemas"]["RefundLine"][];
            amount_fen: components["schemas"]["Fen"];
            /** @description Nothing of what was paid is left after it */
            full: boolean;
            /** @description What is left to the learner of the courses of its lines once it went through */
            access: {
                course_id: components["schemas"]["ID"];
                access: components["schemas"]["GrantState"];
                until: components["schemas"]["Until"];
            }[];
            /** @description What goes back before it with `later`, newest order first */
            later: {
                order_id: components["schemas"]["ID"];
                course_id: components["schemas"]["ID"];
                amount_fen: components["schemas"]["Fen"];
            }[];
        };
        /** @description One payment attempt, an out_trade_no at WeChat */
        Attempt: {
            out_trade_no: string;
            /**
             * @description other: under a number that is not the shop's, matched by a person
             * @enum {string}
             */
            channel: "native" | "jsapi" | "h5" | "other";
            /** @enum {string} */
            state: "new" | "ready" | "unknown" | "succeeded" | "closed" | "failed" | "dup_refunding" | "dup_refunded";
            amount_fen: components["schemas"]["Fen"];
            transaction_id?: string;
            created_at: components["schemas"]["Time"];
            /** @description When WeChat last answered with a way to pay */
            ready_at?: components["schemas"]["Time"];
            /** @description When WeChat was last asked about it */
            asked_at?: components["schemas"]["Time"];
            paid_at?: components["schemas"]["Time"];
            /** @description How often WeChat was asked about it */
            asks: number;
        };
        Duty: {
            done: boolean;
            tries: number;
            /** @description When it is tried again */
            next?: components["schemas"]["Time"];
            error?: string;
        };
        Record: {
            v: number;
            move: string;
            from?: components["schemas"]["OrderState"];
            to: components["schemas"]["OrderState"];
            at: components["schemas"]["Time"];
            /** @description A user's id, wechat, sweeper, shop */
            by: string;
            data?: {
                [key: string]: string;
            };
        };
        BillSums: {
            count: number;
            total_fen: components["schemas"]["Fen"];
            refund_fen: components["schemas"]["Fen"];
            /**
             * Format: int64
             * @description WeChat's alone, in fen
             */
            fee_fen: number;
        };
        Reconciliation: {
            day: components["schemas"]["Day"];
            /**
             * @description Under way; WeChat has no bill yet; equal; not equal; no bill, and no money here either
             * @enum {string}
             */
            state: "running" | "waiting" | "ok" | "differences" | "no_bill";
            theirs: components["schemas"]["BillSums"];
            ours: components["schemas"]["BillSums"];
            differences: components["schemas"]["Difference"][];
            /** @description A user's id, or shop */
            by: string;
            /** @description Why it waits */
            cause?: string;
            started_at: components["schemas"]["Time"];
            finished_at?: components["schemas"]["Time"];
            /** @description When it is tried again */
            next_at?: components["schemas"]["Time"];
        };
        Difference: {
            /** @enum {string} */
            kind: "PAID_THERE_NOT_HERE" | "PAID_HERE_NOT_THERE" | "AMOUNT_DIFFERS" | "TRANSACTION_DIFFERS" | "UNKNOWN_NUMBER" | "REFUND_THERE_NOT_HERE" | "REFUND_HERE_NOT_THERE" | "REFUND_AMOUNT_DIFFERS" | "REFUND_STATE_DIFFERS" | "OTHER_DAY" | "UNEXPECTED_ROW";
            order_id?: string;
            out_trade_no?: string;
            out_refund_no?: string;
            theirs_fen: components["schemas"]["Fen"];
            ours_fen: components["schemas"]["Fen"];
            detail?: string;
            /** @enum {string} */
            state: "open" | "repaired";
        };
        Stray: {
            id: string;
            out_trade_no: string;
            transaction_id: string;
            total_fen: components["schemas"]["Fen"];
            reason: string;
            first_seen: components["schemas"]["Time"];
            /**
             * @description Waits for a person; waits with its order, an exception; goes back by itself; what was decided is being done; done
             * @enum {string}
             */
            state: "open" | "order" | "returns" | "decided" | "resolved";
            /** @description The order whose number it came under */
            order_id?: components["schemas"]["ID"];
            decision?: {
                /** @enum {string} */
                how: "match" | "refund" | "dismiss";
                /** @description That it pays, or that its refund is in */
                order_id?: components["schemas"]["ID"];
                reason: string;
                /** @description A user's id */
                by: string;
                at: components["schemas"]["Time"];
                done_at?: components["schemas"]["Time"];
            };
        };
        Waiting: {
            items: {
                kind: components["schemas"]["WaitingKind"];
                count: number;
                /** @description The thing where it is the only one: a broadcast; for messages the broadcast that most of them are of, for differences the newest day */
                ref?: string;
            }[];
            /** @description What the last check of all data has found, by hand or that of the night; for finance, absent before the first one */
            accounts?: {
                /** @description 0: the accounts balance */
                violations: number;
                /** @description That were looked at */
                orders: number;
                /** @description When the look began */
                checked_at: components["schemas"]["Time"];
            };
        };
        /**
         * @description Orders whose payment does not fit; payments that fit no order; orders with a refund that WeChat could not carry out; what bills
         *     and orders differ in; broadcasts that a second person has to confirm; those that were stopped; WeChat messages of broadcasts
         *     of the last 7 days that failed; videos whose transcoding failed.
         * @enum {string}
         */
        WaitingKind: "exceptions" | "unmatched" | "stuck_refunds" | "differences" | "unconfirmed" | "paused" | "messages" | "transcodings" | "webhooks";
        Stats: {
            today: components["schemas"]["Day"];
            /** @description Oldest first, the last one is today */
            days: components["schemas"]["StatsDay"][];
            /** @description What is so now */
            now: {
                /** @description Open pages, those of visitors included */
                online?: number;
                /** @description Learners that play a lesson, as of a minute ago */
                watching?: number;
                /** @description Orders whose payment does not fit */
                exceptions?: number;
                /** @description Orders with a refund that WeChat could not carry out */
                stuck_refunds?: number;
            };
            /** @description By course, that with the most learners first */
            funnel?: components["schemas"]["StatsFunnel"][];
            /** @description Of the days, by course, that with the most first */
            revenue?: components["schemas"]["StatsRevenue"][];
            /**
             * Format: date-time
             * @description When all figures were last counted afresh; null before the first time
             */
            recounted_at: string | null;
            /** @description Orders and accounts that were found then and had not been counted */
            missed: number;
            /** @description Figures that were wrong then, and were put right */
            repaired: number;
        };
        StatsFigures: {
            /** @description Placed */
            orders?: number;
            /** @description Paid, or placed and free */
            bought?: number;
            /** @description What came in */
            in_fen?: components["schemas"]["Fen"];
            /** @description What went back */
            out_fen?: components["schemas"]["Fen"];
            /** @description New accounts */
            people?: number;
            /** @description The most open pages at once */
            online?: number;
            /** @description The most learners that played a lesson at once */
            watching?: number;
        };
        StatsDay: components["schemas"]["StatsFigures"] & {
            day: components["schemas"]["Day"];
            week_before: components["schemas"]["StatsFigures"];
        };
        StatsFunnel: {
            course_id: components["schemas"]["ID"];
            title: string;
            /** @description By the week in which the learners entered, the newest first */
            weeks: {
                /** @description Its Monday */
                week: components["schemas"]["Day"];
                /** @description How many had stage 1, stage 2, … */
                stages: number[];
                /** @description How many of those then bought the course for ever */
                full: number;
                /** @description How many bought it for ever at once */
                direct: number;
            }[];
        };
        StatsRevenue: {
            /** @description Empty: money that belongs to no line of an order, such as a payment that came twice */
            course_id: string;
            title: string;
            sold: number;
            in_fen: components["schemas"]["Fen"];
            out_fen: components["schemas"]["Fen"];
            policies: {
                policy_id: string;
                name: string;
                sold: number;
                in_fen: components["schemas"]["Fen"];
                out_fen: components["schemas"]["Fen"];
            }[];
        };
        AdminUserFields: {
            id: components["schemas"]["ID"];
            username: string;
            name: string;
            roles: components["schemas"]["Role"][];
            created_at: components["schemas"]["Time"];
            /** @description It may not log in */
            blocked?: boolean;
            deleted_at?: components["schemas"]["Time"];
        };
        AdminUser: components["schemas"]["AdminUserFields"];
        Profile: components["schemas"]["AdminUserFields"] & {
            block?: {
                by: components["schemas"]["ID"];
                by_name?: string;
                reason: string;
                at: components["schemas"]["Time"];
            };
            wechat: {
                bound: boolean;
                /** @description It follows the official account, so messages arrive */
                following: boolean;
            };
            courses: (components["schemas"]["EnrolmentFields"] & {
                /** @description Empty where the course has left the catalogue */
                title: string;
                progress: components["schemas"]["ProgressSummary"];
            })[];
            /** @description The newest twenty */
            orders: components["schemas"]["Order"][];
            /** @description The newest twenty of the person's own */
            messages: components["schemas"]["OrderMessage"][];
            sessions: {
                device_name: string;
                client: string;
                created_at: components["schemas"]["Time"];
                last_seen_at: components["schemas"]["Time"];
            }[];
            /** @description The newest fifty */
            notes: components["schemas"]["StaffNote"][];
        };
        StaffNote: {
            id: components["schemas"]["ID"];
            by: components["schemas"]["ID"];
            /** @description Missing where the account is gone */
            by_name?: string;
            text: string;
            created_at: components["schemas"]["Time"];
        };
        AuditRow: {
            id: string;
            at: components["schemas"]["Time"];
            /** @description The id of a person, key:… of a program, or a word such as shop, wechat, operator */
            by: string;
            /** @description A name of the person */
            by_name?: string;
            act: string;
            /** @description kind:id */
            object: string;
            /** @description A name of the person */
            object_name?: string;
            /** @description What explains it */
            data?: {
                [key: string]: string;
            };
            /** @description What it has changed, as it was */
            before?: {
                [key: string]: string;
            };
            /** @description What it has changed, as it is since */
            after?: {
                [key: string]: string;
            };
        };
        /** @enum {string} */
        Scope: "hub:publish" | "hub:broadcast";
        APIKeyFields: {
            id: components["schemas"]["ID"];
            name: string;
            scopes: components["schemas"]["Scope"][];
            created_by: components["schemas"]["ID"];
            /** @description The username of created_by; empty where the account is gone */
            maker: string;
            /** @description From when on it is dead */
            expires_at: components["schemas"]["Time"];
            /**
             * @description Why it is dead: its time is over, or its maker is no administrator any more or was not all the time since
             * @enum {string}
             */
            ended?: "expired" | "maker";
            created_at: components["schemas"]["Time"];
            /** @description To the minute; missing where it never was */
            last_used?: components["schemas"]["Time"];
        };
        APIKey: components["schemas"]["APIKeyFields"];
        NewAPIKey: components["schemas"]["APIKeyFields"] & {
            /**
             * @description To be sent as a bearer token
             * @example mstmkey.…
             */
            key: string;
        };
        /** @enum {string} */
        WebhookType: "order.paid" | "order.refunded" | "enrolment.changed";
        WebhookForm: {
            name: string;
            /** @description https, on the public internet; http for loopback in development */
            url: string;
            types: components["schemas"]["WebhookType"][];
        };
        WebhookFields: {
            id: components["schemas"]["ID"];
            url: string;
            name: string;
            types: components["schemas"]["WebhookType"][];
            /** @enum {string} */
            state: "active" | "paused";
            /**
             * @description Why it is paused: by an administrator; it answered 410; no delivery has succeeded for 72 hours
             * @enum {string}
             */
            reason?: "by_hand" | "gone" | "failing";
            paused_at?: components["schemas"]["Time"];
            /** @description The first failure since the last success */
            failing_since?: components["schemas"]["Time"];
            /** @description Until when the secret before the last rotation signs too */
            old_secret_until?: components["schemas"]["Time"];
            created_at: components["schemas"]["Time"];
        };
        Webhook: components["schemas"]["WebhookFields"];
        NewWebhook: components["schemas"]["WebhookFields"] & {
            secret: string;
        };
        /** @enum {string} */
        WebhookDeliveryState: "waiting" | "delivered" | "failed";
        WebhookDelivery: {
            id: components["schemas"]["ID"];
            /** @description The webhook-id */
            event_id: components["schemas"]["ID"];
            /** @enum {string} */
            type: "order.paid" | "order.refunded" | "enrolment.changed" | "webhook.test";
            state: components["schemas"]["WebhookDeliveryState"];
            /**
             * @description Why it has failed
             * @enum {string}
             */
            code?: "TRIES_USED" | "ENDPOINT_PAUSED" | "GONE";
            /** @description When one that waits is tried */
            next_at?: components["schemas"]["Time"];
            created_at: components["schemas"]["Time"];
            /** @description The newest 30 */
            attempts: components["schemas"]["WebhookAttempt"][];
            /** @description As it is sent, in the answer about one delivery */
            body?: string;
        };
        WebhookAttempt: {
            at: components["schemas"]["Time"];
            ms: number;
            /** @description Of the answer; none where there was no answer */
            status?: number;
            /**
             * @description What went wrong; none of one that succeeded
             * @enum {string}
             */
            code?: "STATUS" | "TIMEOUT" | "ADDRESS_REFUSED" | "TLS" | "NO_CONNECTION";
            /** @description The first 512 bytes of it */
            answer?: string;
        };
        /** @description Customer service; empty where there is none */
        Contact: {
            phone: string;
            email: string;
            /** @description An account's name */
            wechat: string;
            hours: string;
            /** @description What the QR code to draw holds */
            qr: string;
        };
        ContactEdit: {
            phone?: string;
            email?: string;
            wechat?: string;
            hours?: string;
            qr?: string;
        };
        PaperVersion: {
            /** @example 用户协议 */
            title: string;
            version: number;
            at?: components["schemas"]["Time"];
        };
        Papers: {
            name: string;
            slogan: string;
            logo: string;
            company: string;
            icp: string;
            police: string;
            /**
             * Format: uri
             * @description The register's page about the number
             */
            police_url?: string;
            contact: components["schemas"]["Contact"];
            terms: components["schemas"]["PaperVersion"];
            privacy: components["schemas"]["PaperVersion"];
            refunds: components["schemas"]["PaperVersion"];
            /** @description The editions that a learner agrees to; empty where the shop has published no papers of its own */
            consent: components["schemas"]["PaperEdition"][];
        };
        Paper: {
            /** @enum {string} */
            paper: "terms" | "privacy" | "refunds";
            title: string;
            version: number;
            at?: components["schemas"]["Time"];
            /** @description Sanitised */
            html: string;
        };
        AdminPapers: {
            /** @description The edition; 0 before the first edit */
            v: number;
            name: string;
            slogan: string;
            logo: string;
            company: string;
            icp: string;
            police: string;
            contact: components["schemas"]["Contact"];
            /** @description Markdown */
            terms: string;
            /** @description Markdown */
            privacy: string;
            /** @description Markdown */
            refunds: string;
            versions: {
                terms: number;
                privacy: number;
                refunds: number;
            };
            /** @description What a shop that is open to the public still lacks */
            missing: ("name" | "company" | "icp" | "police" | "contact" | "terms" | "privacy")[];
            /** @description A user's id */
            edited_by?: string;
            edited_at?: components["schemas"]["Time"];
        };
        event: {
            /** @constant */
            op: "event";
            topic: components["schemas"]["topic"];
            pos: components["schemas"]["position"];
            type: string;
            /** @description Depends on the type */
            data: unknown;
        };
        topic: string;
        /** @description opaque, at most 2 KiB; empty while the server has had no contact with its log yet */
        position: string;
        Frame_hello: {
            /** @constant */
            op: "hello";
            /** @description absent or empty for an anonymous client */
            token?: string;
            /** @description position by topic; at most 64 topics */
            since?: {
                [key: string]: string;
            };
        };
        Frame_follow: {
            /** @constant */
            op: "follow";
            topic: components["schemas"]["topic"];
            /** @description the latest position seen */
            since?: string;
        };
        Frame_unfollow: {
            /** @constant */
            op: "unfollow";
            topic: components["schemas"]["topic"];
        };
        Frame_token: {
            /** @constant */
            op: "token";
            token: string;
        };
        Frame_ping: {
            /** @constant */
            op: "ping";
        };
        Frame_ready: {
            /** @constant */
            op: "ready";
            /** @description the id of the client's user */
            user: string | null;
            /** @description seconds between the server's pings */
            heartbeat_s: number;
            topics: {
                [key: string]: {
                    pos: components["schemas"]["position"];
                    resumed: boolean;
                };
            };
        };
        Frame_event: components["schemas"]["event"];
        Frame_error: {
            /** @constant */
            op: "error";
            /** @enum {unknown} */
            code: "TOPIC_FORBIDDEN" | "TOPIC_UNKNOWN" | "TOO_MANY_TOPICS" | "TRY_LATER" | "BAD_FRAME" | "BINARY_FRAME" | "HELLO_EXPECTED" | "HELLO_TWICE" | "UNKNOWN_OP";
            /** @description for people */
            detail: string;
        };
        Frame_pong: {
            /** @constant */
            op: "pong";
        };
        Frame_close: {
            /** @constant */
            op: "close";
            /** @description the close code */
            status: number;
            /** @description the reason's code */
            code: string;
            /** @description milliseconds to wait before coming back; 0 with a status that does not come back */
            retry_ms: number;
        };
        /** @description The data of each type of event */
        Events: {
            /** @description The whole cart. Its problems are codes and params; REST adds the sentence, detail. */
            "cart.changed": components["schemas"]["Cart"];
            /** @description Read the course again. */
            "course.changed": {
                course_id: components["schemas"]["ID"];
                state: components["schemas"]["CourseState"];
                on_sale: boolean;
                /** @description of its prices */
                version: number;
            };
            /**
             * @description An order, with how to pay it while it can be paid. On desk, for finance and support, it is the order of whichever learner as
             *     GET /api/admin/orders lists it, but for the username.
             */
            "order.changed": {
                /** @description for the order's owner */
                payment?: components["schemas"]["Payment"];
                /** @description on desk: whose order it is */
                user_id?: components["schemas"]["ID"];
                /** @description on desk: what was odd about the money */
                exception?: string;
                /** @description on desk: the tag of the link by which its buyer came */
                referral?: string;
            } & components["schemas"]["OrderFields"];
            /**
             * @description The way to pay an unpaid order is another one, as when it is paid on another device: what was shown before cannot be
             *     paid any more. Without a payment the next one is on its way, or there is none until it is asked for.
             */
            "payment.changed": {
                order_id: components["schemas"]["ID"];
                payment?: components["schemas"]["Payment"];
            };
            /** @description What may be watched of a course, and until when. */
            "enrolment.changed": components["schemas"]["Enrolment"];
            /** @description How far I have come in a lesson and in its course, on whichever device; only where something has changed. */
            "progress.changed": {
                course_id: components["schemas"]["ID"];
                lesson_id: components["schemas"]["ID"];
                position_s: number;
                furthest_s: number;
                done: boolean;
                updated_at: components["schemas"]["Time"];
                lessons_done: number;
                /** @description how many the outline has */
                lessons: number;
                /** @description every lesson is done */
                finished: boolean;
            };
            /**
             * @description A notice, in its reader's language; on activity what goes to everybody. A visitor and a user that wants no
             *     activities have no inbox for that, and no inbox has one that is fleeting.
             */
            "notice.posted": {
                /** @description shown now and kept in no inbox */
                fleeting?: boolean;
            } & components["schemas"]["NoticeFields"];
            /** @description A notice was read on some page of the user. */
            "notice.read": {
                /** @description the notice's, or all for those that there were: read the inbox again */
                id: string;
            };
            /** @description Which notifications the user wants now. */
            "notifications.changed": components["schemas"]["Notifications"];
            /** @description The same device logged in again, or this session gave way to an eleventh; 4002 follows. */
            "session.replaced": Record<string, never>;
            /** @description A session of the user has begun or ended; read the list of sessions again. */
            "sessions.changed": Record<string, never>;
            /** @description The person whose phone scanned this page's code let it in, or did not. POST /api/login/code has the session. */
            "login.answered": {
                let_in: boolean;
            };
            /** @description Whether a WeChat is bound now, or why one that scanned the code was not. */
            "wechat.bound": {
                bound: boolean;
                code?: components["schemas"]["Code"];
            };
            /** @description How far a broadcast has come. */
            "broadcast.progress": components["schemas"]["Broadcast"];
            /** @description Categories have changed; read them again. */
            "catalogue.changed": Record<string, never>;
            /** @description Other banners or rows of recommended courses are on the front page; read GET /api/front. */
            "front.changed": {
                /** @description of the front page */
                version: number;
            };
            /** @description Read the person again, in the console. For support. */
            "person.changed": {
                user_id: components["schemas"]["ID"];
                /** @description who has done something about the person */
                by: components["schemas"]["ID"];
            };
            /** @description How far an uploaded file has come; for its uploader, and on desk for editors. At most two a second a file, the newest last. */
            "media.progress": {
                id: components["schemas"]["ID"];
                /** @description counts the changes of the file; a lower one is older */
                v: number;
                state: components["schemas"]["MediaState"];
                /** @description bytes that have arrived */
                offset: number;
                /** @description bytes */
                size: number;
                job?: components["schemas"]["MediaJobKind"];
                job_state?: components["schemas"]["MediaJobState"];
                /** @description percent of the job */
                progress: number;
                /** @description why it was refused or the job failed */
                error?: string;
            };
            /** @description Finance has something to decide about, an order whose payment does not fit or a payment that fits no order; once for each. */
            "exception.opened": {
                order_id?: components["schemas"]["ID"];
                /** @description of a payment in GET /api/admin/strays */
                payment_id?: string;
                /** @description What the order costs, or what was paid */
                amount_fen: components["schemas"]["Fen"];
            };
            /** @description The shop's figures are others than before; those that a reader may see are at GET /api/admin/stats. At most one a second. */
            "stats.changed": {
                at: components["schemas"]["Time"];
            };
            /**
             * @description This client is to stop: the account goes on playing on another device, or the access to the course has ended,
             *     as by a refund, and there is no further key.
             */
            "playback.ended": {
                /** @description the client that is to stop */
                client: string;
                /** @description where another device plays now: only this session is to stop, named as in playback.session */
                session?: components["schemas"]["ID"];
                /** @description where the access has ended: only what plays of this course is to stop */
                course_id?: components["schemas"]["ID"];
                code: components["schemas"]["Code"];
            };
        };
    };
    responses: {
        /** @description The text as it stands */
        LessonText: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["LessonText"];
            };
        };
        /**
         * @description `INVALID_QUERY` (400): a parameter is wrong. `INVALID_CURSOR` (400). `INTERNAL` (500). `TOO_MANY_REQUESTS` (429),
         *     `UNAVAILABLE`, `OVERLOADED` and
         *     `STORAGE_FULL` (503): the header Retry-After has the seconds.
         */
        Failed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description `INVALID_JSON`, `UNKNOWN_FIELD`, `INVALID_FIELD` (400) with the field in `param`; `BODY_TOO_LARGE` (413),
         *     `UNSUPPORTED_MEDIA_TYPE` (415). `INVALID_QUERY` (400). `INTERNAL` (500). `TOO_MANY_REQUESTS` (429), `UNAVAILABLE`,
         *     `OVERLOADED` and `STORAGE_FULL` (503): the header Retry-After has the seconds.
         */
        FailedInput: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description `UNAUTHENTICATED` (401): no token, or one that is not good. `FORBIDDEN` (403): a role or scope is missing;
         *     `STAFF_PASSWORD_REQUIRED` (403): a password too short for staff; `STEP_UP_REQUIRED` (403): see `/api/me/step-up`.
         *     `INVALID_QUERY` (400): a parameter is wrong. `INVALID_CURSOR` (400). `INTERNAL` (500). `TOO_MANY_REQUESTS` (429),
         *     `UNAVAILABLE`, `OVERLOADED` and
         *     `STORAGE_FULL` (503): the header Retry-After has the seconds.
         */
        Refused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description `UNAUTHENTICATED` (401): no token, or one that is not good. `FORBIDDEN` (403): a role or scope is missing;
         *     `STAFF_PASSWORD_REQUIRED` (403): a password too short for staff; `STEP_UP_REQUIRED` (403): see `/api/me/step-up`.
         *     `INVALID_JSON`, `UNKNOWN_FIELD`, `INVALID_FIELD` (400) with the field in `param`; `BODY_TOO_LARGE` (413),
         *     `UNSUPPORTED_MEDIA_TYPE` (415). `INVALID_QUERY` (400). `INTERNAL` (500). `TOO_MANY_REQUESTS` (429), `UNAVAILABLE`,
         *     `OVERLOADED` and `STORAGE_FULL` (503): the header Retry-After has the seconds.
         */
        RefusedInput: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The broadcast, with its history */
        Broadcast: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Broadcast"];
            };
        };
        /** @description `BROADCAST_STATE`, with the `state` that it is in */
        BroadcastState: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `BROADCAST_NOT_FOUND` */
        NoBroadcast: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description In WeChat's words; it comes again */
        CallbackRefused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["CallbackAnswer"];
            };
        };
        /** @description The whole cart */
        Cart: {
            headers: {
                "Hub-Position": components["headers"]["Hub-Position"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Cart"];
            };
        };
        /** @description The course, all of it */
        Course: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["AdminCourse"];
            };
        };
        /** @description Go on at the address in the header Location */
        Elsewhere: {
            headers: {
                Location: string;
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description The file */
        File: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Media"];
            };
        };
        /** @description `MEDIA_NOT_FOUND` */
        NoMedia: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `UPLOAD_NOT_FOUND` */
        NoUpload: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `UPLOAD_INVALID`: the request is not one of the protocol */
        BadUpload: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `UPLOAD_VERSION` */
        OtherTus: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `MEDIA_TOO_LARGE` for its kind; `MEDIA_QUOTA`: no room for all files together */
        NoRoom: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `MEDIA_REFUSED`: the content is of no kind that is taken, or not what it seems; `reason` says what was found */
        RefusedFile: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `UPLOAD_CHECKSUM`: the bytes are not those of the checksum; nothing of them is kept */
        OtherChecksum: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `PLAYBACK_ELSEWHERE`: `clients` are the devices that play; ask with continue_here=1 to go on here */
        PlaysElsewhere: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `COURSE_NOT_FOUND` */
        NoCourse: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The papers as they are edited */
        AdminPapers: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["AdminPapers"];
            };
        };
        /** @description `PAPER_NOT_FOUND`: no such text, or none of that version */
        NoPaper: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `EDIT_CONFLICT`: another request was first; read it again */
        PapersEdited: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `WEBHOOK_NOT_FOUND`, `WEBHOOK_DELIVERY_NOT_FOUND` */
        NoWebhook: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `WEBHOOK_PAUSED` */
        WebhookPaused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `TEMPLATE_NOT_FOUND` */
        NoTemplate: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The wording as it is now */
        NoticeTemplate: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["NoticeTemplate"];
            };
        };
        /** @description `PLACEHOLDER_UNKNOWN`: `placeholder` is none of the notice's `placeholders`, or a brace that belongs to none. */
        NoWording: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `EDIT_CONFLICT`: another request was first; read it again */
        TemplateEdited: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `ORDER_NOT_FOUND` */
        NoOrder: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description `IDEMPOTENCY_KEY_REQUIRED`: it is missing where it is needed, or malformed. `INVALID_JSON`, `UNKNOWN_FIELD`,
         *     `INVALID_FIELD` with the field in `param`; `INVALID_QUERY`.
         */
        KeyMissing: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `IDEMPOTENCY_MISMATCH`: the key was used for another request. Nothing was done */
        KeyUsed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description `NOT_REFUNDABLE`; `REFUND_AMOUNT_CHANGED` with the new `quote`; `REFUND_UNDER_WAY`; `REFUND_LATER_STAGE_FIRST`: a later
         *     stage stands on this one; `CREDIT_CONSUMED`: it was used as credit; `REFUND_TOO_MUCH`; `REFUND_TOO_SOON`, `REFUND_TOO_MANY`,
         *     `REFUND_WINDOW_CLOSED`: WeChat's limits; `ORDER_IN_PROGRESS`: an order that builds on this one is being paid.
         */
        NoRefund: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description `ORDER_NOT_EXCEPTION`: it was decided before; `NOTHING_PAID`: WeChat has no such money, or some of it went back already;
         *     `ORDER_SETTLED`: the order was paid; `ORDER_IN_PROGRESS`: another order, `order_id`, holds a course of it;
         *     `UNMATCHED_RESOLVED`: it was decided before; `UNMATCHED_OF_ORDER` with `order_id`: decide there; `UNMATCHED_COUNTED`:
         *     the money counts for its order already. Nothing was done
         */
        NoWayOut: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description `REFUND_LINE_UNKNOWN`: the order has no line for the course; `DUPLICATE_LINE`: a course appears twice;
         *     `REFUND_SUM_DIFFERS`: the lines do not add up to `amount_fen`. `param` names the field.
         *     `IDEMPOTENCY_MISMATCH`: the key was used for another request.
         */
        NoSuchRefund: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The bytes that If-None-Match names are still right */
        Unchanged: {
            headers: {
                [name: string]: unknown;
            };
            content?: never;
        };
    };
    parameters: {
        /** @description The course's id */
        course: components["schemas"]["ID"];
        /** @description Which notice it is */
        form: string;
        /** @description The order's id */
        order: components["schemas"]["ID"];
        /** @description The webhook's id */
        webhook: components["schemas"]["ID"];
        /** @description The delivery's id */
        webhookDelivery: components["schemas"]["ID"];
        /** @description The broadcast's id */
        broadcast: components["schemas"]["ID"];
        /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
        idempotencyKey: string;
        /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
        idempotencyKeyNeeded: string;
        /** @description Rows of a page */
        limit: number;
        /** @description The `next_cursor` of the page before */
        cursor: string;
        /** @description zh-CN, or en; of what is written for people */
        acceptLanguage: string;
    };
    requestBodies: {
        Callback: {
            content: {
                "application/json": {
                    id: string;
                    /** @example TRANSACTION.SUCCESS */
                    event_type: string;
                    /** @description Encrypted, AEAD_AES_256_GCM */
                    resource: Record<string, never>;
                };
            };
        };
        /** @description The password once more. An account without one has to have logged in in the last ten minutes instead */
        Confirmation: {
            content: {
                "application/json": {
                    password?: string;
                };
            };
        };
    };
    headers: {
        /**
         * @description Where the learner's topic, and another that this is about, stood before this was read, as JSON: a `since` for `/ws` and `/api/events`. A page that shows
         *     this answer and follows from there misses nothing. Missing while the hub has not read where its events are.
         * @example {"user":"0-17"}
         */
        "Hub-Position": string;
        /** @description Names these bytes; send it back as If-None-Match */
        ETag: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listCategories: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page has them all */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "code",
                     *           "name": "编程",
                     *           "courses": 12
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["CategoryList"];
                };
            };
            304: components["responses"]["Unchanged"];
            default: components["responses"]["Failed"];
        };
    };
    listCourses: {
        parameters: {
            query?: {
                /** @description A category's id */
                category?: string;
                /** @description Words as in /api/search: courses that have all of them, in the order of sort */
                q?: string;
                /** @description Newest first, most learners first, or cheapest first */
                sort?: "" | "new" | "popular" | "price";
                /** @description Rows of a page */
                limit?: components["parameters"]["limit"];
                /** @description The `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of courses */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CourseList"];
                };
            };
            304: components["responses"]["Unchanged"];
            /** @description `CATEGORY_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Failed"];
        };
    };
    showCourse: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The course */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Hub-Position": components["headers"]["Hub-Position"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Course"];
                };
            };
            304: components["responses"]["Unchanged"];
            /** @description `COURSE_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    showLesson: {
        parameters: {
            query?: {
                /** @description 1: play here, and end the device that began first */
                continue_here?: "" | "0" | "1" | "true" | "false";
            };
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
                /** @description The lesson's id */
                lesson: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The lesson, with where its video or text is */
            200: {
                headers: {
                    "Hub-Position": components["headers"]["Hub-Position"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenedLesson"];
                };
            };
            /** @description `UNAUTHENTICATED`: no preview; log in first. `offers` has what can be bought */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `ENROLMENT_REQUIRED`, `ENROLMENT_EXPIRED`: `offers` has what can be bought */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `COURSE_NOT_FOUND`, `LESSON_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: components["responses"]["PlaysElsewhere"];
            default: components["responses"]["Refused"];
        };
    };
    play: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Signed: from `playback.url` or a playlist */
                ticket: string;
                /** @description A playlist, key, segment or whole file */
                part: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The bytes; the types of other files are their own */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/vnd.apple.mpegurl": string;
                    "application/octet-stream": string;
                    "video/mp4": string;
                    "video/webm": string;
                    "audio/mpeg": string;
                    "image/jpeg": string;
                    "image/png": string;
                    "application/pdf": string;
                    "text/vtt": string;
                    "image/gif": string;
                    "video/quicktime": string;
                    "video/x-matroska": string;
                    "audio/mp4": string;
                    "audio/x-m4a": string;
                    "audio/ogg": string;
                    "audio/wav": string;
                    "audio/flac": string;
                    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": string;
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": string;
                    "application/vnd.openxmlformats-officedocument.presentationml.presentation": string;
                    "application/vnd.oasis.opendocument.text": string;
                    "application/vnd.oasis.opendocument.spreadsheet": string;
                    "application/vnd.oasis.opendocument.presentation": string;
                };
            };
            /** @description A range of them */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/vnd.apple.mpegurl": string;
                    "application/octet-stream": string;
                    "video/mp4": string;
                    "video/webm": string;
                    "audio/mpeg": string;
                    "image/jpeg": string;
                    "image/png": string;
                    "application/pdf": string;
                    "text/vtt": string;
                    "image/gif": string;
                    "video/quicktime": string;
                    "video/x-matroska": string;
                    "audio/mp4": string;
                    "audio/x-m4a": string;
                    "audio/ogg": string;
                    "audio/wav": string;
                    "audio/flac": string;
                    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": string;
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": string;
                    "application/vnd.openxmlformats-officedocument.presentationml.presentation": string;
                    "application/vnd.oasis.opendocument.text": string;
                    "application/vnd.oasis.opendocument.spreadsheet": string;
                    "application/vnd.oasis.opendocument.presentation": string;
                };
            };
            302: components["responses"]["Elsewhere"];
            /** @description `PLAYBACK_ADDRESS`: not valid here; `PLAYBACK_EXPIRED`; `ENROLMENT_REQUIRED`, `ENROLMENT_EXPIRED`: access has ended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: components["responses"]["PlaysElsewhere"];
            /** @description No such range */
            416: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    showCover: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description A course's id with `.svg`
                 * @example go1.svg
                 */
                file: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A picture that may be kept for a day */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/svg+xml": string;
                };
            };
            /** @description `COURSE_NOT_FOUND`, `ROUTE_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Failed"];
        };
    };
    listNotes: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
                /** @description The lesson's id */
                lesson: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NoteList"];
                };
            };
            /** @description `COURSE_NOT_FOUND`, `LESSON_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    addNote: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
                /** @description The lesson's id */
                lesson: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NoteText"];
            };
        };
        responses: {
            /** @description The note */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Note"];
                };
            };
            /** @description `ENROLMENT_REQUIRED`, `ENROLMENT_EXPIRED` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `COURSE_NOT_FOUND`, `LESSON_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `TOO_MANY_NOTES`: a lesson has 200 at most */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    editNote: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
                /** @description The lesson's id */
                lesson: components["schemas"]["ID"];
                /** @description The note's id */
                note: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NoteText"];
            };
        };
        responses: {
            /** @description The note */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Note"];
                };
            };
            /** @description `NOTE_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    deleteNote: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
                /** @description The lesson's id */
                lesson: components["schemas"]["ID"];
                /** @description The note's id */
                note: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `NOTE_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    search: {
        parameters: {
            query?: {
                /** @description Words */
                q?: string;
                /** @description A category's id */
                category?: string;
                /** @description By `price_fen`, or `whole_fen` where that is 0, in yuan: nothing, less than 100, up to 500, or more */
                price?: "" | "free" | "under_100" | "100_to_500" | "over_500";
                /** @description 1: only courses with a free stage */
                free_month?: "" | "0" | "1" | "true" | "false";
                /** @description By `duration_s`: under 3 hours, up to 10, or more */
                length?: "" | "short" | "medium" | "long";
                /** @description What is asked of a learner */
                level?: "" | "beginner" | "intermediate" | "advanced";
                /** @description The best hit, most learners, newest, or by price as above. Without: relevance with words, popular without */
                sort?: "" | "relevance" | "popular" | "new" | "price";
                /** @description Without: prices rise, all else falls */
                dir?: "" | "asc" | "desc";
                /** @description Rows of a page */
                limit?: components["parameters"]["limit"];
                /** @description The `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of courses */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SearchResult"];
                };
            };
            304: components["responses"]["Unchanged"];
            /** @description `CATEGORY_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Failed"];
        };
    };
    suggest: {
        parameters: {
            query?: {
                /** @description What is typed so far */
                q?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A few */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SuggestionList"];
                };
            };
            304: components["responses"]["Unchanged"];
            default: components["responses"]["Failed"];
        };
    };
    register: {
        parameters: {
            query?: never;
            header?: {
                /** @description zh-CN, or en; of what is written for people */
                "Accept-Language"?: components["parameters"]["acceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "username": "lin",
                 *       "password": "correct horse battery",
                 *       "name": "林同学"
                 *     }
                 */
                "application/json": {
                    username: components["schemas"]["Username"];
                    password: components["schemas"]["Password"];
                    client?: components["schemas"]["Client"];
                    device?: components["schemas"]["Device"];
                    /** @description What others see; the username where nothing is said */
                    name?: string;
                    proof?: components["schemas"]["Proof"];
                    consents?: components["schemas"]["Consents"];
                };
            };
        };
        responses: {
            /** @description Logged in */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description `PROOF_REQUIRED` with `challenge`; `CONSENT_REQUIRED` with `papers` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `USERNAME_TAKEN` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PASSWORD_TOO_SHORT` with `min_bytes`, `PASSWORD_TOO_LONG` with `max_bytes`, `PASSWORD_TOO_COMMON`, `PASSWORD_TOO_WEAK` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `TOO_MANY_REQUESTS`: the header Retry-After has the seconds */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["FailedInput"];
        };
    };
    login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "username": "learner",
                 *       "password": "learner-demo-password",
                 *       "client": "web",
                 *       "device": "6f1e2c9a-0b47-4f5e-9d53-2f7a1f0c8e11"
                 *     }
                 */
                "application/json": {
                    /** @description In any case */
                    username: string;
                    password: string;
                    client?: components["schemas"]["Client"];
                    device?: components["schemas"]["Device"];
                };
            };
        };
        responses: {
            /** @description Logged in */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /**
             * @description `WRONG_CREDENTIALS`: no such user, or another password; the answer does not say which. `UNAUTHENTICATED`: the password has
             *     changed since.
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `ACCOUNT_BLOCKED`: staff keep the account from logging in */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `TOO_MANY_REQUESTS`: the header Retry-After has the seconds */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["FailedInput"];
        };
    };
    logout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Logged out */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    showMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account */
            200: {
                headers: {
                    "Hub-Position": components["headers"]["Hub-Position"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description `USER_NOT_FOUND`: the account was deleted */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    deleteMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Confirmation"];
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `WRONG_CREDENTIALS`, `LOGIN_TOO_OLD` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `USER_NOT_FOUND`: the account was deleted */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `STAFF_ACCOUNT` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `TOO_MANY_REQUESTS`: too many wrong passwords or usernames; the header Retry-After has the seconds */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    changeMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "notifications": {
                 *         "activities": false
                 *       }
                 *     }
                 */
                "application/json": {
                    name?: string;
                    locale?: components["schemas"]["Locale"];
                    notifications?: {
                        orders?: boolean;
                        reminders?: boolean;
                        activities?: boolean;
                    };
                };
            };
        };
        responses: {
            /** @description The account */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description `USER_NOT_FOUND`: the account was deleted */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    changePassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    current_password?: string;
                    password: components["schemas"]["Password"];
                    /** @description Of an account without one */
                    username?: string;
                };
            };
        };
        responses: {
            /** @description Logged in again */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description `WRONG_CREDENTIALS`, `LOGIN_TOO_OLD` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `USER_NOT_FOUND`: the account was deleted */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `EDIT_CONFLICT`: the password was changed by another request; `USERNAME_TAKEN` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PASSWORD_TOO_SHORT` with `min_bytes`, `PASSWORD_TOO_LONG` with `max_bytes`, `PASSWORD_TOO_COMMON`, `PASSWORD_TOO_WEAK` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `TOO_MANY_REQUESTS`: too many wrong passwords; the header Retry-After has the seconds */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    listSessions: {
        parameters: {
            query?: never;
            header?: {
                /** @description zh-CN, or en; of what is written for people */
                "Accept-Language"?: components["parameters"]["acceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description My sessions */
            200: {
                headers: {
                    "Hub-Position": components["headers"]["Hub-Position"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ListedSession"][];
                    };
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    endOtherSessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ended */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Refused"];
        };
    };
    endSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of a row of the list */
                session: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ended */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `SESSION_NOT_FOUND`: it has ended, or is not mine */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    exportMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The copy */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonalData"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    showConsents: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The consents */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Agreement"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    giveConsents: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "consents": [
                 *         {
                 *           "paper": "terms",
                 *           "version": 2
                 *         },
                 *         {
                 *           "paper": "privacy",
                 *           "version": 2
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": {
                    consents: components["schemas"]["Consents"];
                };
            };
        };
        responses: {
            /** @description The consents */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Agreement"];
                };
            };
            /** @description `CONSENT_REQUIRED` with `papers` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    stepUp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    password: string;
                };
            };
        };
        responses: {
            /** @description Until when it counts */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        until: string;
                    };
                };
            };
            /** @description `WRONG_CREDENTIALS` at `password`, `LOGIN_TOO_OLD` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `USER_NOT_FOUND`: the account was deleted */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `TOO_MANY_REQUESTS`: too many wrong passwords; the header Retry-After has the seconds */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    showLoginWays: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The ways */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoginWays"];
                };
            };
            default: components["responses"]["Failed"];
        };
    };
    sendSmsCode: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "phone": "138 0000 1234",
                 *       "purpose": "login"
                 *     }
                 */
                "application/json": {
                    phone: components["schemas"]["Phone"];
                    /** @enum {string} */
                    purpose: "login" | "reset" | "bind";
                    device?: components["schemas"]["Device"];
                    proof?: components["schemas"]["Proof"];
                };
            };
        };
        responses: {
            /** @description Sent */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `PROOF_REQUIRED` with `challenge` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PHONE_INVALID` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `TOO_MANY_REQUESTS`: the header Retry-After has the seconds */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PHONE_OFF`: the shop sends no messages; `SMS_FAILED`: this one was not taken */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    loginByPhone: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "phone": "13800001234",
                 *       "code": "042137"
                 *     }
                 */
                "application/json": {
                    phone: components["schemas"]["Phone"];
                    code: components["schemas"]["SmsCode"];
                    client?: components["schemas"]["Client"];
                    device?: components["schemas"]["Device"];
                    consents?: components["schemas"]["Consents"];
                };
            };
        };
        responses: {
            /** @description Logged in */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description `STAFF_NO_PHONE`; `CONSENT_REQUIRED` with `papers` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `CODE_WRONG`, `CODE_SPENT`, `PHONE_INVALID` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `TOO_MANY_REQUESTS`: the header Retry-After has the seconds */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PHONE_OFF` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["FailedInput"];
        };
    };
    resetPassword: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "phone": "13800001234",
                 *       "code": "042137",
                 *       "password": "correct horse battery"
                 *     }
                 */
                "application/json": {
                    phone: components["schemas"]["Phone"];
                    code: components["schemas"]["SmsCode"];
                    password: components["schemas"]["Password"];
                    client?: components["schemas"]["Client"];
                    device?: components["schemas"]["Device"];
                };
            };
        };
        responses: {
            /** @description Logged in */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description `STAFF_NO_PHONE` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PHONE_UNKNOWN`: said after a right code only */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `EDIT_CONFLICT`: the password was changed by another request */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `CODE_WRONG`, `CODE_SPENT`, `PHONE_INVALID`; after a right code `PASSWORD_TOO_SHORT`, `PASSWORD_TOO_LONG`, `PASSWORD_TOO_COMMON`, `PASSWORD_TOO_WEAK` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `TOO_MANY_REQUESTS`: the header Retry-After has the seconds */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PHONE_OFF` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["FailedInput"];
        };
    };
    changePhone: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    phone: components["schemas"]["Phone"];
                    code: components["schemas"]["SmsCode"];
                    device?: components["schemas"]["Device"];
                };
            };
        };
        responses: {
            /** @description The account */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description `PHONE_TAKEN`: another account has it; `EDIT_CONFLICT` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `CODE_WRONG`, `CODE_SPENT`, `PHONE_INVALID` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PHONE_OFF` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    removePhone: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Given up */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `PHONE_ONLY_LOGIN`: a username and a password come first; `EDIT_CONFLICT` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    showLoginCode: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Good for five minutes */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoginCode"];
                };
            };
            /** @description `TOO_MANY_REQUESTS`: the header Retry-After has the seconds */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Failed"];
        };
    };
    showWaitingPage: {
        parameters: {
            query?: never;
            header?: {
                /** @description zh-CN, or en; of what is written for people */
                "Accept-Language"?: components["parameters"]["acceptLanguage"];
            };
            path: {
                /** @description What the code that was scanned says */
                code: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WaitingPage"];
                };
            };
            /** @description `LOGIN_CODE_ENDED` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    letPageIn: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description What the code that was scanned says */
                code: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Let in */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `LOGIN_CODE_STAFF` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `LOGIN_CODE_ENDED`; another person was faster, or none was asked */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    refusePage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description What the code that was scanned says */
                code: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Refused */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `LOGIN_CODE_ENDED` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    loginByLoginCode: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "code": "k3v5qj2mzw7xh4r6ta9by8nc1d",
                 *       "secret": "QZ4M7C2A5BXW3V6N8K9J2H4G5F"
                 *     }
                 */
                "application/json": {
                    code: string;
                    secret: string;
                    client?: components["schemas"]["Client"];
                    device?: components["schemas"]["Device"];
                };
            };
        };
        responses: {
            /** @description Logged in */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description Not let in yet */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `LOGIN_CODE_ENDED`: it was refused or used, or its time is over */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["FailedInput"];
        };
    };
    showCart: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Cart"];
            /** @description `CART_UNAVAILABLE`: Redis is away; buying directly still works */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    emptyCart: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Cart"];
            /** @description `CART_UNAVAILABLE` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    putCartLine: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "policy_id": "go1full",
                 *       "version": 7
                 *     }
                 */
                "application/json": {
                    /** @description The default policy where nothing is said */
                    policy_id?: string;
                    /** @description The cart that the page shows; a change made elsewhere since is then not overwritten */
                    version?: number;
                };
            };
        };
        responses: {
            200: components["responses"]["Cart"];
            /** @description `COURSE_NOT_FOUND`, `POLICY_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `CART_CONFLICT` and `CART_FULL` with the `cart` as it stands. With `offers`: `ALREADY_OWNED`, `COURSE_OFF_SALE`,
             *     `PERIOD_NOT_BEGUN`, `POLICY_RETIRED`, `REFUND_UNDER_WAY`, `STAGE_ALREADY_USED`, `STAGE_LAPSED`, `STAGE_NOT_ELIGIBLE`, `TRIAL_USED`,
             *     `TRIAL_NEEDS_WECHAT`, `TRIAL_NEEDS_PHONE`.
             *     `NO_POLICIES`.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `CART_UNAVAILABLE` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    removeCartLine: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Cart"];
            /** @description `COURSE_NOT_FOUND`: this cannot be a course's id */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `CART_UNAVAILABLE` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    mergeCart: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "lines": [
                 *         {
                 *           "course_id": "go1",
                 *           "policy_id": "go1full",
                 *           "added_at": "2026-03-01T02:03:04Z"
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": {
                    lines?: {
                        course_id: components["schemas"]["ID"];
                        policy_id?: string;
                        /** Format: date-time */
                        added_at?: string;
                    }[];
                };
            };
        };
        responses: {
            /** @description The cart, and the lines that are not in it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MergedCart"];
                };
            };
            /** @description `CART_FULL` with the `cart`, the newest lines in it, and what was `left_out` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `CART_UNAVAILABLE` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    quote: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "lines": [
                 *         {
                 *           "course_id": "go1",
                 *           "policy_id": "go1full"
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": {
                    lines: components["schemas"]["LineRequests"];
                };
            };
        };
        responses: {
            /** @description The lines with their prices, and what is wrong with those that cannot be bought */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Quote"];
                };
            };
            /** @description `NO_LINES`, `DUPLICATE_LINE` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    listOrders: {
        parameters: {
            query?: {
                /** @description Rows of a page */
                limit?: components["parameters"]["limit"];
                /** @description The `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of orders */
            200: {
                headers: {
                    "Hub-Position": components["headers"]["Hub-Position"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderList"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    placeOrder: {
        parameters: {
            query?: never;
            header: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key": components["parameters"]["idempotencyKeyNeeded"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "lines": [
                 *         {
                 *           "course_id": "go1",
                 *           "policy_id": "go1full"
                 *         }
                 *       ],
                 *       "total_fen": 99900,
                 *       "channel": "native"
                 *     }
                 */
                "application/json": {
                    lines: components["schemas"]["LineRequests"];
                    /** @description What the page showed */
                    total_fen: components["schemas"]["Fen"];
                    channel?: components["schemas"]["ChannelRequest"];
                    /** @description The tag of the link by which the buyer came: `?from=` of a page. It stays with the order */
                    referral?: string;
                };
            };
        };
        responses: {
            /** @description The order that was open already for the same lines */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Placed"];
                };
            };
            /** @description Placed */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Placed"];
                };
            };
            /** @description `IDEMPOTENCY_KEY_REQUIRED` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `CONSENT_REQUIRED` with `papers`: see `/api/me/consents` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `COURSE_NOT_FOUND`, `POLICY_NOT_FOUND`: with the `quote` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `PRICE_CHANGED`: dearer than `total_fen`; `old_fen`, `new_fen`, `quote`. `ORDER_IN_PROGRESS`: another order for the course
             *     is being paid. `PAY_REFUSED`: the order stands, and the same key tries again. With the `quote`: `LINES_NOT_SELLABLE`, or what all
             *     lines that cannot be bought have in common: `ALREADY_OWNED`, `COURSE_OFF_SALE`, `NO_POLICIES`, `PERIOD_NOT_BEGUN`,
             *     `POLICY_RETIRED`, `REFUND_UNDER_WAY`, `STAGE_ALREADY_USED`, `STAGE_LAPSED`, `STAGE_NOT_ELIGIBLE`, `TRIAL_USED`,
             *     `TRIAL_NEEDS_WECHAT`, `TRIAL_NEEDS_PHONE`.
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NO_LINES`, `DUPLICATE_LINE`, `IDEMPOTENCY_MISMATCH`: the key was used for another request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `OPENID_REQUIRED`: go to `oauth_url` inside WeChat first */
            428: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAY_CHANNEL_BUSY`: the order stands, and the same key tries again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    showOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order's id */
                order: components["parameters"]["order"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The order, with how to pay it while it can be paid */
            200: {
                headers: {
                    "Hub-Position": components["headers"]["Hub-Position"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderWithPayment"];
                };
            };
            404: components["responses"]["NoOrder"];
            default: components["responses"]["Refused"];
        };
    };
    payOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /** @description The order's id */
                order: components["parameters"]["order"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "channel": "native"
                 *     }
                 */
                "application/json": {
                    channel?: components["schemas"]["ChannelRequest"];
                    /** @description For `jsapi`: the WeChat at hand is not the one that paid here last, so authorise it again. The answer is `OPENID_REQUIRED` */
                    authorise?: boolean;
                };
            };
        };
        responses: {
            /** @description The order and how to pay it. Without `payment` it needs none any more */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Placed"];
                };
            };
            400: components["responses"]["KeyMissing"];
            404: components["responses"]["NoOrder"];
            /** @description `ORDER_NOT_PAYABLE`, `PAY_REFUSED` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: components["responses"]["KeyUsed"];
            /** @description `OPENID_REQUIRED`: go to `oauth_url` inside WeChat first */
            428: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PAY_CHANNEL_BUSY` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    cancelOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /** @description The order's id */
                order: components["parameters"]["order"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The order, closing. Where it was paid in this very moment it becomes paid after all */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderWithPayment"];
                };
            };
            400: components["responses"]["KeyMissing"];
            404: components["responses"]["NoOrder"];
            /** @description `ORDER_NOT_CANCELLABLE` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: components["responses"]["KeyUsed"];
            default: components["responses"]["Refused"];
        };
    };
    showRefund: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order's id */
                order: components["parameters"]["order"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description By line and in all */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderRefund"];
                };
            };
            404: components["responses"]["NoOrder"];
            409: components["responses"]["NoRefund"];
            default: components["responses"]["Refused"];
        };
    };
    refundOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /** @description The order's id */
                order: components["parameters"]["order"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "买错了",
                 *       "amount_fen": 99900
                 *     }
                 */
                "application/json": {
                    reason: components["schemas"]["RefundReason"];
                    /** @description What the page showed; another amount now is refused */
                    amount_fen?: components["schemas"]["Fen"];
                };
            };
        };
        responses: {
            /** @description The order, refunding */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrderWithPayment"];
                };
            };
            400: components["responses"]["KeyMissing"];
            404: components["responses"]["NoOrder"];
            409: components["responses"]["NoRefund"];
            422: components["responses"]["KeyUsed"];
            default: components["responses"]["RefusedInput"];
        };
    };
    listEnrolments: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them */
            200: {
                headers: {
                    "Hub-Position": components["headers"]["Hub-Position"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EnrolmentList"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    showProgress: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All progress in the course */
            200: {
                headers: {
                    "Hub-Position": components["headers"]["Hub-Position"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Progress"];
                };
            };
            /** @description `COURSE_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    putProgress: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "lesson_id": "l2",
                 *       "position_s": 75,
                 *       "done": false,
                 *       "at": "2026-03-01T10:00:00.250Z"
                 *     }
                 */
                "application/json": {
                    lesson_id: components["schemas"]["ID"];
                    /** @description Seconds into it; behind its end is its end */
                    position_s?: number;
                    /** @description Seconds that were played */
                    watched_s?: number;
                    /** @description Read to the end */
                    done?: boolean;
                    /**
                     * Format: date-time
                     * @description When the position was true by the clock of the server; without it, and in the future, it is now
                     */
                    at?: string;
                };
            };
        };
        responses: {
            /** @description All progress in the course */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Progress"];
                };
            };
            /** @description `ENROLMENT_REQUIRED`, `ENROLMENT_EXPIRED`: `offers` has what can be bought */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `COURSE_NOT_FOUND`, `LESSON_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    listNotices: {
        parameters: {
            query?: {
                /** @description 1: only what is unread */
                unread?: "" | "0" | "1" | "true" | "false";
                /** @description Rows of a page */
                limit?: components["parameters"]["limit"];
                /** @description The `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of notices */
            200: {
                headers: {
                    "Hub-Position": components["headers"]["Hub-Position"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Inbox"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    readNotice: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A notice's id, or `all` */
                notice: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The reader followed its link */
                    clicked?: boolean;
                };
            };
        };
        responses: {
            /** @description Noted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `NOTICE_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    createBinding: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The code */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Binding"];
                };
            };
            /** @description `WECHAT_ALREADY_BOUND` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `WECHAT_UNAVAILABLE`: it does not answer, or the shop has no official account */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    deleteBinding: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Confirmation"];
        responses: {
            /** @description Unbound, or there was none */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `WRONG_CREDENTIALS`, `LOGIN_TOO_OLD` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `USER_NOT_FOUND`: the account was deleted */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `WECHAT_ONLY_LOGIN`: the account would have no login left */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `TOO_MANY_REQUESTS`: too many wrong passwords; the header Retry-After has the seconds */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    authorised: {
        parameters: {
            query?: {
                code?: string;
                state?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            303: components["responses"]["Elsewhere"];
            /** @description `WECHAT_LINK_INVALID` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `WECHAT_UNAVAILABLE` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Failed"];
        };
    };
    signPage: {
        parameters: {
            query: {
                /** @description The address of the page as the browser has it */
                url: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description In WeChat's words */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        appId: string;
                        /** @description Seconds */
                        timestamp: number;
                        nonceStr: string;
                        /** @description SHA-1 in hex */
                        signature: string;
                    };
                };
            };
            /** @description `WECHAT_UNAVAILABLE`, also where the shop has no official account */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    beginWeChatLogin: {
        parameters: {
            query?: {
                /** @description The page of the shop to open afterwards */
                next?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            303: components["responses"]["Elsewhere"];
            /** @description `INVALID_FIELD`: `next` is no page of the shop */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `WECHAT_UNAVAILABLE` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Failed"];
        };
    };
    endWeChatLogin: {
        parameters: {
            query?: never;
            header?: {
                /** @description zh-CN, or en; of what is written for people */
                "Accept-Language"?: components["parameters"]["acceptLanguage"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    code?: string;
                    state?: string;
                    confirm?: string;
                    password?: string;
                    fresh?: boolean;
                    consents?: components["schemas"]["Consents"];
                    /** @default wechat */
                    client?: string;
                    device?: components["schemas"]["Device"];
                };
            };
        };
        responses: {
            /** @description Logged in */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description `UNAUTHENTICATED`: the account has changed since */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `WECHAT_CONFIRM` with `confirm` and `account`; `CONSENT_REQUIRED` with `confirm` and `papers`; `WRONG_CREDENTIALS`; `ACCOUNT_BLOCKED` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `USER_NOT_FOUND`: the account was deleted */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `WECHAT_LINK_INVALID`: begin again */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `TOO_MANY_REQUESTS`: too many wrong passwords; the header Retry-After has the seconds */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `WECHAT_UNAVAILABLE` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["FailedInput"];
        };
    };
    confirmEvents: {
        parameters: {
            query?: {
                signature?: string;
                timestamp?: string;
                nonce?: string;
                echostr?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was sent as echostr */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            default: components["responses"]["CallbackRefused"];
        };
    };
    eventPushed: {
        parameters: {
            query?: {
                timestamp?: string;
                nonce?: string;
                msg_signature?: string;
                signature?: string;
                encrypt_type?: string;
                openid?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "text/xml": string;
            };
        };
        responses: {
            /** @description Heard */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": "success";
                };
            };
            default: components["responses"]["CallbackRefused"];
        };
    };
    payNotified: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Callback"];
        responses: {
            /** @description Heard */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallbackAnswer"];
                };
            };
            default: components["responses"]["CallbackRefused"];
        };
    };
    refundNotified: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Callback"];
        responses: {
            /** @description Heard */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallbackAnswer"];
                };
            };
            default: components["responses"]["CallbackRefused"];
        };
    };
    openSocket: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The connection is a WebSocket now */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `NOT_A_WEBSOCKET` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `ORIGIN_REFUSED` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `TOO_MANY_SOCKETS` of one address, open now or opened lately; an IPv6 /64 counts as one. The header Retry-After has
             *     the seconds
             */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `HUB_UNAVAILABLE`: the server restarts, has no place, or too many come at once; the header Retry-After has the seconds.
             *     A page, which would see nothing of that, gets its socket then, closed with 4103 at once
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    streamEvents: {
        parameters: {
            query?: {
                /**
                 * @description Besides user and activity, with commas between
                 * @example course:go1
                 */
                topics?: string;
                /** @description JSON, position by topic, as in Hub-Position; these topics are followed as well */
                since?: string;
            };
            header?: {
                /** @description The last event's id; goes before since */
                "Last-Event-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events until one of the two hangs up */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description `ORIGIN_REFUSED` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `TOO_MANY_SOCKETS`: the header Retry-After has the seconds */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `HUB_UNAVAILABLE`: the header Retry-After has the seconds */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    publish: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "topic": "activity",
                 *       "type": "activity.begins",
                 *       "data": {
                 *         "title": "双十一"
                 *       }
                 *     }
                 */
                "application/json": {
                    /** @description `activity`, to everybody, or `course:ID`, to the pages that show a course */
                    topic: string;
                    type: string;
                    /** @description Any JSON, at most 16 KiB; {} where nothing is said */
                    data?: unknown;
                };
            };
        };
        responses: {
            /** @description Published */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Published"];
                };
            };
            /**
             * @description The hub's log is away: pages of this instance have the event already, the others get it when the log is back, unless
             *     this instance ends before. It has no position yet. Sent again without an
             *     Idempotency-Key, it would come twice.
             */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Published"];
                };
            };
            400: components["responses"]["KeyMissing"];
            /** @description `TOPIC_UNKNOWN`; `IDEMPOTENCY_MISMATCH`: the key was used for another request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `HUB_UNAVAILABLE`: the log is away, and so much waits for it in this part of the log (256 events or 256 KiB) that
             *     the event does not. Send it again later, under the same Idempotency-Key: without one it may come twice, where the log
             *     had taken it and only the answer was lost.
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    hubStats: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description This instance since its start; under `online`, all instances now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HubStats"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    listBroadcasts: {
        parameters: {
            query?: {
                /** @description Those in one state */
                state?: "" | "unconfirmed" | "scheduled" | "sending" | "paused" | "sent" | "cancelled";
                /** @description Rows of a page */
                limit?: components["parameters"]["limit"];
                /** @description The `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of broadcasts, without history and funnel */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Broadcast"][];
                        next_cursor?: components["schemas"]["Cursor"];
                    };
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    createBroadcast: {
        parameters: {
            query?: {
                /** @description 1: only count the audience */
                dry_run?: "" | "0" | "1" | "true" | "false";
            };
            header?: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewBroadcast"];
            };
        };
        responses: {
            /** @description The dry run's count */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AudienceCount"];
                };
            };
            /** @description Accepted */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Broadcast"];
                };
            };
            /** @description `IDEMPOTENCY_KEY_REQUIRED`, `INVALID_FIELD`, `INVALID_JSON`, `UNKNOWN_FIELD`, `INVALID_QUERY` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `COURSE_NOT_FOUND`, `CATEGORY_NOT_FOUND`: of the audience */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /**
             * @description `AUDIENCE_EMPTY`, `AUDIENCE_TOO_LARGE`, `LINK_NOT_ALLOWED`; `IDEMPOTENCY_MISMATCH`: the key was
             *     used for another request. Nothing was sent.
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `HUB_UNAVAILABLE`: it is not known which users are online */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    showBroadcast: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The broadcast's id */
                broadcast: components["parameters"]["broadcast"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Broadcast"];
            404: components["responses"]["NoBroadcast"];
            default: components["responses"]["Refused"];
        };
    };
    confirmBroadcast: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /** @description The broadcast's id */
                broadcast: components["parameters"]["broadcast"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The audience that the broadcast counts */
                    audience: number;
                };
            };
        };
        responses: {
            200: components["responses"]["Broadcast"];
            400: components["responses"]["KeyMissing"];
            404: components["responses"]["NoBroadcast"];
            /**
             * @description `SECOND_PERSON_REQUIRED`: it is its author; `AUDIENCE_CHANGED`: another number; `BROADCAST_STATE`: it does
             *     not wait for that
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            422: components["responses"]["KeyUsed"];
            default: components["responses"]["RefusedInput"];
        };
    };
    startBroadcast: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /** @description The broadcast's id */
                broadcast: components["parameters"]["broadcast"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Broadcast"];
            400: components["responses"]["KeyMissing"];
            404: components["responses"]["NoBroadcast"];
            409: components["responses"]["BroadcastState"];
            422: components["responses"]["KeyUsed"];
            default: components["responses"]["Refused"];
        };
    };
    pauseBroadcast: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /** @description The broadcast's id */
                broadcast: components["parameters"]["broadcast"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Broadcast"];
            400: components["responses"]["KeyMissing"];
            404: components["responses"]["NoBroadcast"];
            409: components["responses"]["BroadcastState"];
            422: components["responses"]["KeyUsed"];
            default: components["responses"]["Refused"];
        };
    };
    cancelBroadcast: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /** @description The broadcast's id */
                broadcast: components["parameters"]["broadcast"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Broadcast"];
            400: components["responses"]["KeyMissing"];
            404: components["responses"]["NoBroadcast"];
            409: components["responses"]["BroadcastState"];
            422: components["responses"]["KeyUsed"];
            default: components["responses"]["Refused"];
        };
    };
    adminListCourses: {
        parameters: {
            query?: {
                state?: "" | "draft" | "on_sale" | "off_sale";
                /** @description A part of the title or the id */
                q?: string;
                /** @description Rows of a page */
                limit?: components["parameters"]["limit"];
                /** @description The `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of courses */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminCourseList"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    createCourse: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "title": "Go 语言从零到一",
                 *       "category_id": "code",
                 *       "teacher": {
                 *         "name": "林老师"
                 *       },
                 *       "chapters": [
                 *         {
                 *           "title": "第一章",
                 *           "lessons": [
                 *             {
                 *               "title": "开始",
                 *               "kind": "video",
                 *               "duration_s": 60,
                 *               "preview": true,
                 *               "url": "/media/1.mp4"
                 *             }
                 *           ]
                 *         }
                 *       ],
                 *       "policies": [
                 *         {
                 *           "kind": "stage",
                 *           "name": "首月免费",
                 *           "stage": 1,
                 *           "period": {
                 *             "unit": "month",
                 *             "count": 1
                 *           },
                 *           "price_fen": 0,
                 *           "default": true
                 *         },
                 *         {
                 *           "kind": "stage",
                 *           "name": "第 2 个月",
                 *           "stage": 2,
                 *           "period": {
                 *             "unit": "month",
                 *             "count": 1
                 *           },
                 *           "price_fen": 20000
                 *         },
                 *         {
                 *           "kind": "lifetime",
                 *           "name": "全款",
                 *           "price_fen": 99900
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["NewCourse"];
            };
        };
        responses: {
            /** @description The draft */
            201: {
                headers: {
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminCourse"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    adminShowCourse: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Course"];
            404: components["responses"]["NoCourse"];
            default: components["responses"]["Refused"];
        };
    };
    updateCourse: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "title": "Go 语言进阶",
                 *       "v": 3
                 *     }
                 */
                "application/json": components["schemas"]["CourseChange"];
            };
        };
        responses: {
            200: components["responses"]["Course"];
            404: components["responses"]["NoCourse"];
            /** @description `EDIT_CONFLICT` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    publishPolicies: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Pricing"];
            };
        };
        responses: {
            200: components["responses"]["Course"];
            404: components["responses"]["NoCourse"];
            /** @description `EDIT_CONFLICT` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    countLearning: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description People, each counted once */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LearningCounts"];
                };
            };
            404: components["responses"]["NoCourse"];
            default: components["responses"]["Refused"];
        };
    };
    putOnSale: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Course"];
            404: components["responses"]["NoCourse"];
            /** @description `NO_POLICIES` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    takeOffSale: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The law wants it */
                    legal?: boolean;
                };
            };
        };
        responses: {
            200: components["responses"]["Course"];
            404: components["responses"]["NoCourse"];
            default: components["responses"]["RefusedInput"];
        };
    };
    countAffected: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The figures of now; those of learners may be five seconds old */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Affected"];
                };
            };
            404: components["responses"]["NoCourse"];
            default: components["responses"]["Refused"];
        };
    };
    copyCourse: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The draft */
            201: {
                headers: {
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminCourse"];
                };
            };
            404: components["responses"]["NoCourse"];
            default: components["responses"]["RefusedInput"];
        };
    };
    planCourse: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "publish_at": "2026-12-01T02:00:00Z"
                 *     }
                 */
                "application/json": components["schemas"]["NewCoursePlan"];
            };
        };
        responses: {
            200: components["responses"]["Course"];
            404: components["responses"]["NoCourse"];
            /** @description `NO_POLICIES`, `PLAN_NEEDLESS`, `COURSE_TAKEN_DOWN`, `EDIT_CONFLICT` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `PLAN_TIME`: the time is over, or more than a year ahead */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    withdrawPlan: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Course"];
            404: components["responses"]["NoCourse"];
            default: components["responses"]["Refused"];
        };
    };
    adminListCategories: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page has them all */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminCategoryList"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    createCategory: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewCategory"];
            };
        };
        responses: {
            /** @description The category */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminCategory"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    editCategory: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The category's id */
                category: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CategoryEdit"];
            };
        };
        responses: {
            /** @description The category */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminCategory"];
                };
            };
            /** @description `CATEGORY_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `EDIT_CONFLICT`: it is not `v` any more */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    deleteCategory: {
        parameters: {
            query?: {
                /** @description The version that was read; without it, any */
                v?: string;
            };
            header?: never;
            path: {
                /** @description The category's id */
                category: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `CATEGORY_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `CATEGORY_IN_USE`: courses, drafts too, stand in it; `EDIT_CONFLICT` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    showFront: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page; both lists are empty where the shop has none */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Front"];
                };
            };
            304: components["responses"]["Unchanged"];
            default: components["responses"]["Failed"];
        };
    };
    showFrontPicture: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of a file that a banner has */
                media: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It never changes, and may be kept */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": string;
                    "image/png": string;
                    "image/gif": string;
                    "image/webp": string;
                };
            };
            /** @description A part of it */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/png": string;
                };
            };
            304: components["responses"]["Unchanged"];
            /** @description `MEDIA_NOT_FOUND`: no banner has it */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description There is no such part */
            416: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Failed"];
        };
    };
    showAdminFront: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The edition of now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminFront"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    putFront: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "v": 1,
                 *       "rows": [
                 *         {
                 *           "title": "编辑推荐",
                 *           "courses": [
                 *             "go1",
                 *             "ts1"
                 *           ]
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": {
                    /** @description The edition that was read */
                    v: number;
                    banners?: components["schemas"]["BannerEdit"][];
                    rows?: components["schemas"]["FrontRowEdit"][];
                };
            };
        };
        responses: {
            /** @description The edition that it made */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminFront"];
                };
            };
            /** @description `EDIT_CONFLICT`: another edit was first; nothing was written */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    showLessonText: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
                /** @description The lesson's id */
                lesson: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["LessonText"];
            /** @description `COURSE_NOT_FOUND`, `LESSON_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    putLessonText: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The course's id */
                course: components["parameters"]["course"];
                /** @description The lesson's id */
                lesson: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "text": "## 开始\n\n第一段。",
                 *       "version": 0
                 *     }
                 */
                "application/json": components["schemas"]["LessonTextInput"];
            };
        };
        responses: {
            200: components["responses"]["LessonText"];
            /** @description `LESSON_TEXT_PICTURE`: a picture is no uploaded file; `LESSON_TEXT_TOO_COMPLEX`; `INVALID_FIELD`, `UNKNOWN_FIELD`, `INVALID_JSON` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `COURSE_NOT_FOUND`, `LESSON_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `EDIT_CONFLICT`: read it again */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `LESSON_TEXT_TOO_LONG` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    beginUpload: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1.0.0 */
                "Tus-Resumable"?: string;
                /** @description Bytes */
                "Upload-Length"?: string;
                /** @description filename, and sha256 of the whole file in hex, each in Base64 */
                "Upload-Metadata"?: string;
                /** @description md5, sha1 or sha256 of the body, in Base64: other bytes are not kept */
                "Upload-Checksum"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/offset+octet-stream": string;
            };
        };
        responses: {
            /** @description The upload is at the address in the header Location; its last part is the id of the file */
            201: {
                headers: {
                    Location: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadUpload"];
            412: components["responses"]["OtherTus"];
            413: components["responses"]["NoRoom"];
            415: components["responses"]["RefusedFile"];
            460: components["responses"]["OtherChecksum"];
            default: components["responses"]["Refused"];
        };
    };
    endUpload: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1.0.0 */
                "Tus-Resumable"?: string;
            };
            path: {
                /** @description From Location */
                upload: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: components["responses"]["NoUpload"];
            412: components["responses"]["OtherTus"];
            default: components["responses"]["Refused"];
        };
    };
    showUpload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description From Location */
                upload: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The header Upload-Offset has the number of bytes that are there */
            200: {
                headers: {
                    "Upload-Offset": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: components["responses"]["NoUpload"];
            default: components["responses"]["Refused"];
        };
    };
    continueUpload: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1.0.0 */
                "Tus-Resumable"?: string;
                /** @description Where these bytes begin */
                "Upload-Offset"?: string;
                /** @description md5, sha1 or sha256 of the body, in Base64: other bytes are not kept */
                "Upload-Checksum"?: string;
            };
            path: {
                /** @description From Location */
                upload: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/offset+octet-stream": string;
            };
        };
        responses: {
            /** @description The bytes are kept */
            204: {
                headers: {
                    "Upload-Offset": string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["BadUpload"];
            404: components["responses"]["NoUpload"];
            /** @description `UPLOAD_OFFSET`: ask for the offset and go on from there */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            412: components["responses"]["OtherTus"];
            413: components["responses"]["NoRoom"];
            415: components["responses"]["RefusedFile"];
            460: components["responses"]["OtherChecksum"];
            default: components["responses"]["Refused"];
        };
    };
    listMedia: {
        parameters: {
            query?: {
                kind?: "" | "video" | "audio" | "image" | "document" | "caption";
                /** @description failed: the videos whose transcoding has failed, whatever kind is asked for */
                job?: "" | "failed";
                /** @description Rows of a page */
                limit?: components["parameters"]["limit"];
                /** @description The `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of files */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Media"][];
                        next_cursor?: components["schemas"]["Cursor"];
                        /** @description What all files take, with what is announced; on the first page */
                        used_bytes?: number;
                        /** @description What they may take, 0: as much as there is; on the first page */
                        quota_bytes?: number;
                        /** @description This instance has ffmpeg: without it, videos are played as they were uploaded */
                        transcodes: boolean;
                    };
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    showMedia: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the file */
                media: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["File"];
            404: components["responses"]["NoMedia"];
            default: components["responses"]["Refused"];
        };
    };
    deleteMedia: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the file */
                media: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: components["responses"]["NoMedia"];
            /** @description `MEDIA_IN_USE`: `courses` use it, or a banner of the `front` page, or an editor is just writing one that does */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    transcodeMedia: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the file */
                media: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["File"];
            404: components["responses"]["NoMedia"];
            /** @description `MEDIA_NOT_READY`, `TRANSCODING_OFF`: it is no video */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    cancelTranscoding: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The id of the file */
                media: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["File"];
            404: components["responses"]["NoMedia"];
            default: components["responses"]["Refused"];
        };
    };
    listNoticeTemplates: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All there are, edited or not */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["NoticeTemplate"][];
                        /** @description The most characters that a wording may have, placeholders as they are written */
                        limits: {
                            title: number;
                            body: number;
                        };
                    };
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    putNoticeTemplate: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Which notice it is */
                form: components["parameters"]["form"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The one that was read */
                    v: number;
                    texts: components["schemas"]["Wordings"];
                };
            };
        };
        responses: {
            200: components["responses"]["NoticeTemplate"];
            404: components["responses"]["NoTemplate"];
            409: components["responses"]["TemplateEdited"];
            422: components["responses"]["NoWording"];
            default: components["responses"]["RefusedInput"];
        };
    };
    resetNoticeTemplate: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Which notice it is */
                form: components["parameters"]["form"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The one that was read */
                    v: number;
                };
            };
        };
        responses: {
            200: components["responses"]["NoticeTemplate"];
            404: components["responses"]["NoTemplate"];
            409: components["responses"]["TemplateEdited"];
            default: components["responses"]["RefusedInput"];
        };
    };
    previewNoticeTemplate: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Which notice it is */
                form: components["parameters"]["form"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    texts?: components["schemas"]["Wordings"];
                };
            };
        };
        responses: {
            /** @description The samples filled in */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        texts: components["schemas"]["Wordings"];
                    };
                };
            };
            404: components["responses"]["NoTemplate"];
            422: components["responses"]["NoWording"];
            default: components["responses"]["RefusedInput"];
        };
    };
    adminListOrders: {
        parameters: {
            query?: {
                /** @description An order's state */
                state?: string;
                /** @description The id of a course that is in the order */
                course?: string;
                /** @description The tag of the link by which the buyers came, whole */
                referral?: string;
                /** @description The first day of placing in Asia/Shanghai, 2026-03-01 */
                from?: string;
                /** @description The last day of placing */
                to?: string;
                /** @description An order's id, an out_trade_no, an out_refund_no, WeChat's transaction_id or a username, whole; a mark before a number may stay */
                q?: string;
                /** @description Rows of a page */
                limit?: components["parameters"]["limit"];
                /** @description The `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of orders */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminOrderList"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    adminShowOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order's id */
                order: components["parameters"]["order"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Everything that explains what became of the money */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminOrder"];
                };
            };
            404: components["responses"]["NoOrder"];
            default: components["responses"]["Refused"];
        };
    };
    adminRefund: {
        parameters: {
            query?: {
                /** @description 1: only say what it would give back and take away */
                dry_run?: "" | "0" | "1" | "true" | "false";
            };
            header?: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /** @description The order's id */
                order: components["parameters"]["order"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "lines": [
                 *         {
                 *           "course_id": "go1",
                 *           "amount_fen": 10000
                 *         }
                 *       ],
                 *       "reason": "客服补偿"
                 *     }
                 */
                "application/json": {
                    /** @description What it is for, each course once */
                    lines?: {
                        course_id: components["schemas"]["ID"];
                        /** @description At least 1; all that the line holds where nothing is said */
                        amount_fen?: components["schemas"]["Fen"];
                    }[];
                    /** @description All that is left where nothing is said; beside `lines` their sum */
                    amount_fen?: components["schemas"]["Fen"];
                    reason?: components["schemas"]["RefundReason"];
                    /** @description Refund what stands on top of the order (the stages after it) as well, first */
                    later?: boolean;
                };
            };
        };
        responses: {
            /** @description What the refund would come to now, in answer to a dry run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RefundPreview"];
                };
            };
            /** @description The order, refunding */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminOrder"];
                };
            };
            400: components["responses"]["KeyMissing"];
            /** @description `REFUND_BEYOND_RULE`: support refunds the whole order by the rule, whose `quote` stands beside it; `OWN_ACCOUNT`: the order is the caller's own; `STEP_UP_REQUIRED`, `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: components["responses"]["NoOrder"];
            409: components["responses"]["NoRefund"];
            422: components["responses"]["NoSuchRefund"];
            default: components["responses"]["RefusedInput"];
        };
    };
    listReconciliations: {
        parameters: {
            query?: {
                /** @description Those in one state */
                state?: "" | "running" | "waiting" | "ok" | "differences" | "no_bill";
                /** @description Rows of a page */
                limit?: components["parameters"]["limit"];
                /** @description The `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of days */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Reconciliation"][];
                        next_cursor?: components["schemas"]["Cursor"];
                    };
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    runReconciliation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    day: components["schemas"]["Day"];
                };
            };
        };
        responses: {
            /** @description What it came to */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reconciliation"];
                };
            };
            /** @description How far it is; it goes on behind the answer */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reconciliation"];
                };
            };
            /** @description `RECONCILIATION_RUNNING` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    showReconciliation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A day in Asia/Shanghai */
                day: components["schemas"]["Day"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The day */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reconciliation"];
                };
            };
            /** @description `RECONCILIATION_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    exportFinance: {
        parameters: {
            query: {
                /** @description The first day */
                from: components["schemas"]["Day"];
                /** @description The last day, at most 92 in all */
                to: components["schemas"]["Day"];
                format?: "csv" | "xlsx";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description RFC 4180 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": unknown;
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    checkInvariants: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What is broken, if anything */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description Nothing is */
                        whole: boolean;
                        violations: components["schemas"]["Violation"][];
                        /** @description That were looked at */
                        orders: number;
                        /** @description When the look began */
                        checked_at: components["schemas"]["Time"];
                    };
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    resolveException: {
        parameters: {
            query?: never;
            header: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key": components["parameters"]["idempotencyKeyNeeded"];
            };
            path: {
                /** @description The order's id */
                order: components["parameters"]["order"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "how": "grant",
                 *       "reason": "少付一分，客服同意"
                 *     }
                 */
                "application/json": {
                    /** @enum {string} */
                    how: "grant" | "refund";
                    reason: components["schemas"]["RefundReason"];
                };
            };
        };
        responses: {
            /** @description The order, paid or closed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminOrder"];
                };
            };
            400: components["responses"]["KeyMissing"];
            /** @description `OWN_ACCOUNT`: the order is the caller's own, and the caller no administrator; `STEP_UP_REQUIRED`, `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            404: components["responses"]["NoOrder"];
            409: components["responses"]["NoWayOut"];
            422: components["responses"]["KeyUsed"];
            default: components["responses"]["RefusedInput"];
        };
    };
    listStrays: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Stray"][];
                    };
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    resolveUnmatched: {
        parameters: {
            query?: never;
            header: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key": components["parameters"]["idempotencyKeyNeeded"];
            };
            path: {
                /** @description The id of an unmatched payment */
                payment: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "how": "refund",
                 *       "reason": "不是本店的订单"
                 *     }
                 */
                "application/json": {
                    /**
                     * @description match where only an order is named
                     * @enum {string}
                     */
                    how?: "match" | "refund" | "dismiss";
                    /** @description Of a match */
                    order_id?: components["schemas"]["ID"];
                    reason: components["schemas"]["RefundReason"];
                };
            };
        };
        responses: {
            /** @description The payment with what was decided */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stray"];
                };
            };
            400: components["responses"]["KeyMissing"];
            /** @description `OWN_ACCOUNT`: the order is the caller's own, and the caller no administrator; `STEP_UP_REQUIRED`, `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `UNMATCHED_NOT_FOUND`, `ORDER_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            409: components["responses"]["NoWayOut"];
            422: components["responses"]["KeyUsed"];
            default: components["responses"]["RefusedInput"];
        };
    };
    showStats: {
        parameters: {
            query?: {
                /** @description How many days, today included */
                days?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The figures */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stats"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    showWaiting: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What waits */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Waiting"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    listUsers: {
        parameters: {
            query?: {
                /** @description A part of the username or name; or what names one person: the id, a number of an order (ours, an out_trade_no, an out_refund_no, WeChat's transaction_id), a WeChat's openid */
                q?: string;
                /** @description 1: those with a role, whatever q is */
                staff?: "" | "0" | "1" | "true" | "false";
                /** @description Rows of a page */
                limit?: components["parameters"]["limit"];
                /** @description The `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of users */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["AdminUser"][];
                        next_cursor?: components["schemas"]["Cursor"];
                    };
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    showUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user's id */
                user: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The profile, of a deleted account too */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Profile"];
                };
            };
            /** @description `USER_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    deleteUser: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /** @description The user's id */
                user: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "学员来电要求"
                 *     }
                 */
                "application/json": {
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `USER_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `STAFF_ACCOUNT`: an administrator takes its roles first; `EDIT_CONFLICT`: they were changed in this moment */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    addStaffNote: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /** @description The user's id */
                user: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "text": "已电话答复"
                 *     }
                 */
                "application/json": {
                    text: string;
                };
            };
        };
        responses: {
            /** @description The note */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StaffNote"];
                };
            };
            /** @description `USER_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    giveAccess: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /** @description The user's id */
                user: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "course_id": "go1",
                 *       "until": "2027-01-31T15:59:59Z",
                 *       "reason": "补偿两周"
                 *     }
                 */
                "application/json": {
                    course_id: components["schemas"]["ID"];
                    /** @description Within ten years */
                    until?: components["schemas"]["Time"] | null;
                    reason: string;
                };
            };
        };
        responses: {
            /** @description The order that gives the access */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminOrder"];
                };
            };
            /** @description `OWN_ACCOUNT`: the person is the caller, and no administrator; `STEP_UP_REQUIRED`, `FORBIDDEN` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `USER_NOT_FOUND`; `COURSE_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `ACCESS_ALREADY_LONGER`, `ALREADY_OWNED`: there is nothing to add; `COURSE_OFF_SALE`: a draft, or taken down; `REFUND_UNDER_WAY`; `ORDER_IN_PROGRESS`: the order `order_id` of the person holds the course */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    blockUser: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /** @description The user's id */
                user: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "学员来电要求"
                 *     }
                 */
                "application/json": {
                    reason: string;
                };
            };
        };
        responses: {
            /** @description The profile */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Profile"];
                };
            };
            /** @description `USER_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `STAFF_ACCOUNT`: an administrator takes its roles first; `EDIT_CONFLICT`: they were changed in this moment */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    unblockUser: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name that the caller makes for this request, 1 to 128 printable ASCII characters */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
            };
            path: {
                /** @description The user's id */
                user: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "学员来电要求"
                 *     }
                 */
                "application/json": {
                    reason: string;
                };
            };
        };
        responses: {
            /** @description The profile */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Profile"];
                };
            };
            /** @description `USER_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    setRoles: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user's id */
                user: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "roles": [
                 *         "learner",
                 *         "editor"
                 *       ]
                 *     }
                 */
                "application/json": {
                    roles?: components["schemas"]["Role"][];
                };
            };
        };
        responses: {
            /** @description The user */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description `USER_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `LAST_ADMIN`: the shop would have no administrator */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    listAudit: {
        parameters: {
            query?: {
                /** @description What it is about: kind:id, such as order:…, user:…, course:…, or an id of any kind */
                object?: string;
                /** @description Whose act: the id or the username of a person, key:… of a program, or a word such as shop, wechat, operator */
                who?: string;
                /** @description The act */
                what?: string;
                /** @description The first day in Asia/Shanghai, 2026-03-01 */
                from?: string;
                /** @description The last day */
                to?: string;
                /** @description 1: with the rows that say no more than that an address was called */
                calls?: "" | "0" | "1" | "true" | "false";
                /** @description Rows of a page */
                limit?: components["parameters"]["limit"];
                /** @description The `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the audit */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["AuditRow"][];
                        next_cursor?: components["schemas"]["Cursor"];
                    };
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    listAPIKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["APIKey"][];
                    };
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    createAPIKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "活动系统",
                 *       "scopes": [
                 *         "hub:publish"
                 *       ]
                 *     }
                 */
                "application/json": {
                    name: string;
                    scopes: components["schemas"]["Scope"][];
                    /** @description Within 366 days; 90 days from now where nothing is said */
                    expires_at?: components["schemas"]["Time"];
                };
            };
        };
        responses: {
            /** @description The key. It is shown here and nowhere else */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewAPIKey"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    deleteAPIKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The key's id, not its secret */
                key: components["schemas"]["ID"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Dead */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `API_KEY_NOT_FOUND` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    listWebhooks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them, the oldest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Webhook"][];
                    };
                };
            };
            default: components["responses"]["Refused"];
        };
    };
    createWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "仓库",
                 *       "url": "https://erp.example.com/hooks",
                 *       "types": [
                 *         "order.paid"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["WebhookForm"];
            };
        };
        responses: {
            /** @description The webhook. Its secret is shown here and nowhere else */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewWebhook"];
                };
            };
            /** @description `TOO_MANY_WEBHOOKS` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `WEBHOOK_ADDRESS_REFUSED`: not https, or not on the public internet */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    editWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookForm"];
            };
        };
        responses: {
            /** @description As it is now. Deliveries that wait go to the new address */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            404: components["responses"]["NoWebhook"];
            /** @description `WEBHOOK_ADDRESS_REFUSED` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["RefusedInput"];
        };
    };
    deleteWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: components["responses"]["NoWebhook"];
            default: components["responses"]["Refused"];
        };
    };
    rotateWebhookSecret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description The secret before signs beside the new one for a day; false: it does not sign any more, for one that has become known
                     * @default true
                     */
                    keep_old?: boolean;
                };
            };
        };
        responses: {
            /** @description The webhook. Its new secret is shown here and nowhere else */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewWebhook"];
                };
            };
            404: components["responses"]["NoWebhook"];
            default: components["responses"]["RefusedInput"];
        };
    };
    pauseWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            404: components["responses"]["NoWebhook"];
            default: components["responses"]["Refused"];
        };
    };
    resumeWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            404: components["responses"]["NoWebhook"];
            default: components["responses"]["Refused"];
        };
    };
    testWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its delivery, which waits */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDelivery"];
                };
            };
            404: components["responses"]["NoWebhook"];
            default: components["responses"]["Refused"];
        };
    };
    replayFailedWebhookDeliveries: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The first moment of a delivery that is sent again */
                    since: components["schemas"]["Time"];
                };
            };
        };
        responses: {
            /** @description How many */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        replayed: number;
                    };
                };
            };
            404: components["responses"]["NoWebhook"];
            409: components["responses"]["WebhookPaused"];
            default: components["responses"]["RefusedInput"];
        };
    };
    listWebhookDeliveries: {
        parameters: {
            query?: {
                state?: components["schemas"]["WebhookDeliveryState"];
                /** @description Rows of a page */
                limit?: components["parameters"]["limit"];
                /** @description The `next_cursor` of the page before */
                cursor?: components["parameters"]["cursor"];
            };
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, without the bodies */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["WebhookDelivery"][];
                        next_cursor?: components["schemas"]["Cursor"];
                    };
                };
            };
            404: components["responses"]["NoWebhook"];
            default: components["responses"]["Refused"];
        };
    };
    showWebhookDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
                /** @description The delivery's id */
                delivery: components["parameters"]["webhookDelivery"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The delivery */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDelivery"];
                };
            };
            404: components["responses"]["NoWebhook"];
            default: components["responses"]["Refused"];
        };
    };
    replayWebhookDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id */
                webhook: components["parameters"]["webhook"];
                /** @description The delivery's id */
                delivery: components["parameters"]["webhookDelivery"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The delivery, which waits */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDelivery"];
                };
            };
            404: components["responses"]["NoWebhook"];
            409: components["responses"]["WebhookPaused"];
            default: components["responses"]["Refused"];
        };
    };
    showPapers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The papers of now */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Papers"];
                };
            };
            304: components["responses"]["Unchanged"];
            default: components["responses"]["Failed"];
        };
    };
    showPaper: {
        parameters: {
            query?: {
                /** @description The version of now, unless it is named */
                version?: number;
            };
            header?: never;
            path: {
                /** @description Which text */
                paper: "terms" | "privacy" | "refunds";
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Paper"];
                };
            };
            404: components["responses"]["NoPaper"];
            default: components["responses"]["Failed"];
        };
    };
    showAdminPapers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["AdminPapers"];
            default: components["responses"]["Refused"];
        };
    };
    putPapers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "v": 1,
                 *       "name": "拾课",
                 *       "icp": "京ICP备12345678号-1"
                 *     }
                 */
                "application/json": {
                    /** @description The edition that was read */
                    v: number;
                    /** @description The shop's name */
                    name?: string;
                    /** @description What search engines show below the name */
                    slogan?: string;
                    /** @description A path here or an https address; empty for the program's own */
                    logo?: string;
                    /** @description The company that runs the shop */
                    company?: string;
                    /** @example 京ICP备12345678号-1 */
                    icp?: string;
                    /** @example 京公网安备11010502030000号 */
                    police?: string;
                    contact?: components["schemas"]["ContactEdit"];
                    /** @description Markdown */
                    terms?: string;
                    /** @description Markdown */
                    privacy?: string;
                    /** @description Markdown */
                    refunds?: string;
                };
            };
        };
        responses: {
            200: components["responses"]["AdminPapers"];
            409: components["responses"]["PapersEdited"];
            default: components["responses"]["RefusedInput"];
        };
    };
    live: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Alive. It touches no database */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "live";
                    };
                };
            };
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `degraded` is without Redis, or with one that is full or refuses writes: it still sells */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "ready" | "degraded";
                        /** @enum {string} */
                        mongodb: "up";
                        /** @enum {string} */
                        redis: "up" | "down" | "full" | "refuses";
                        /** @enum {string} */
                        events: "up" | "behind";
                    };
                };
            };
            /** @description `UNAVAILABLE` with `status_of`: without MongoDB, behind with the events, or `stopping`; `STORAGE_FULL` likewise: the database has no room on its disk */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Failed"];
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Prometheus's text format, or OpenMetrics where it is asked for */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                    "application/openmetrics-text": string;
                };
            };
            /** @description `ROUTE_NOT_FOUND`: any other caller */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            default: components["responses"]["Failed"];
        };
    };
    showContract: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1 */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/yaml": string;
                };
            };
            304: components["responses"]["Unchanged"];
            default: components["responses"]["Failed"];
        };
    };
    showLiveContract: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description AsyncAPI 3.1 */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/yaml": string;
                };
            };
            304: components["responses"]["Unchanged"];
            default: components["responses"]["Failed"];
        };
    };
    showDocs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            304: components["responses"]["Unchanged"];
            default: components["responses"]["Failed"];
        };
    };
    showErrors: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            default: components["responses"]["Failed"];
        };
    };
}
