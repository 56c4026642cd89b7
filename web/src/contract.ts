// Generated from handlers/openapi and hub/asyncapi.yaml by `make types`. Do not edit.
export type paths = Record<string, never>;
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
            /** @description To be sent with the password to `POST /api/wechat/login` */
            confirm?: string;
            /** @description Whose password that is; its first letter only */
            account?: string;
            /** @description The devices on which the account plays */
            clients?: string[];
            /** @description What was found in a file that is refused */
            reason?: string;
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
        Code: "INVALID_JSON" | "UNKNOWN_FIELD" | "INVALID_FIELD" | "INVALID_QUERY" | "INVALID_CURSOR" | "BODY_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "ROUTE_NOT_FOUND" | "METHOD_NOT_ALLOWED" | "INTERNAL" | "UNAVAILABLE" | "STORAGE_FULL" | "TOO_MANY_REQUESTS" | "OVERLOADED" | "UNAUTHENTICATED" | "WRONG_CREDENTIALS" | "FORBIDDEN" | "USERNAME_TAKEN" | "PROOF_REQUIRED" | "PASSWORD_TOO_SHORT" | "PASSWORD_TOO_LONG" | "PASSWORD_TOO_COMMON" | "PASSWORD_TOO_WEAK" | "SESSION_NOT_FOUND" | "STEP_UP_REQUIRED" | "STAFF_PASSWORD_REQUIRED" | "LAST_ADMIN" | "STAFF_ACCOUNT" | "ACCOUNT_BLOCKED" | "ACCOUNT_DELETED" | "USER_NOT_FOUND" | "COURSE_NOT_FOUND" | "CATEGORY_NOT_FOUND" | "LESSON_NOT_FOUND" | "POLICY_NOT_FOUND" | "NO_POLICIES" | "EDIT_CONFLICT" | "PAPER_NOT_FOUND" | "LESSON_TEXT_PICTURE" | "LESSON_TEXT_TOO_LONG" | "LESSON_TEXT_TOO_COMPLEX" | "MEDIA_NOT_FOUND" | "MEDIA_IN_USE" | "MEDIA_NOT_READY" | "MEDIA_TOO_LARGE" | "MEDIA_QUOTA" | "MEDIA_REFUSED" | "UPLOAD_NOT_FOUND" | "UPLOAD_OFFSET" | "UPLOAD_INVALID" | "UPLOAD_VERSION" | "UPLOAD_CHECKSUM" | "TRANSCODING_OFF" | "PLAYBACK_ADDRESS" | "PLAYBACK_EXPIRED" | "PLAYBACK_ELSEWHERE" | "NOTE_NOT_FOUND" | "TOO_MANY_NOTES" | "ENROLMENT_REQUIRED" | "ENROLMENT_EXPIRED" | "TRIAL_USED" | "TRIAL_NEEDS_WECHAT" | "TRIAL_NEEDS_PHONE" | "STAGE_ALREADY_USED" | "STAGE_NOT_ELIGIBLE" | "STAGE_LAPSED" | "PERIOD_NOT_BEGUN" | "ACCESS_ALREADY_LONGER" | "ALREADY_OWNED" | "COURSE_OFF_SALE" | "POLICY_RETIRED" | "CART_UNAVAILABLE" | "CART_FULL" | "CART_CONFLICT" | "ORDER_NOT_FOUND" | "IDEMPOTENCY_KEY_REQUIRED" | "IDEMPOTENCY_MISMATCH" | "NO_LINES" | "DUPLICATE_LINE" | "PRICE_CHANGED" | "LINES_NOT_SELLABLE" | "ORDER_IN_PROGRESS" | "ORDER_NOT_PAYABLE" | "ORDER_NOT_CANCELLABLE" | "OPENID_REQUIRED" | "PAY_CHANNEL_BUSY" | "PAY_REFUSED" | "WECHAT_UNAVAILABLE" | "WECHAT_LINK_INVALID" | "WECHAT_ALREADY_BOUND" | "WECHAT_CONFIRM" | "WECHAT_HAS_ACCOUNT" | "WECHAT_ONLY_LOGIN" | "LOGIN_TOO_OLD" | "NOT_REFUNDABLE" | "REFUND_TOO_MUCH" | "REFUND_LATER_STAGE_FIRST" | "CREDIT_CONSUMED" | "REFUND_WINDOW_CLOSED" | "REFUND_TOO_SOON" | "REFUND_TOO_MANY" | "REFUND_UNDER_WAY" | "REFUND_LINE_UNKNOWN" | "REFUND_SUM_DIFFERS" | "REFUND_BEYOND_RULE" | "REFUND_AMOUNT_CHANGED" | "ORDER_NOT_EXCEPTION" | "ORDER_SETTLED" | "NOTHING_PAID" | "UNMATCHED_NOT_FOUND" | "UNMATCHED_RESOLVED" | "UNMATCHED_OF_ORDER" | "UNMATCHED_COUNTED" | "RECONCILIATION_NOT_FOUND" | "RECONCILIATION_RUNNING" | "CALLBACK_SIGNATURE" | "CALLBACK_CONTENT" | "UNKNOWN_TRADE" | "NOTICE_NOT_FOUND" | "TOPIC_UNKNOWN" | "HUB_UNAVAILABLE" | "NOT_A_WEBSOCKET" | "ORIGIN_REFUSED" | "TOO_MANY_SOCKETS" | "API_KEY_NOT_FOUND" | "TEMPLATE_NOT_FOUND" | "PLACEHOLDER_UNKNOWN" | "BROADCAST_NOT_FOUND" | "BROADCAST_STATE" | "SECOND_PERSON_REQUIRED" | "AUDIENCE_CHANGED" | "AUDIENCE_EMPTY" | "AUDIENCE_TOO_LARGE" | "LINK_NOT_ALLOWED";
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
            notifications: components["schemas"]["Notifications"];
            locale: components["schemas"]["Locale"];
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
        };
        AdminOrder: components["schemas"]["OrderFields"] & {
            user_id: components["schemas"]["ID"];
            username?: string;
            /** @description What was odd about the money */
            exception?: string;
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
        AdminUser: {
            id: components["schemas"]["ID"];
            username: string;
            name: string;
            roles: components["schemas"]["Role"][];
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
            } & components["schemas"]["OrderFields"];
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
            /** @description Whether a WeChat is bound now, or why one that scanned the code was not. */
            "wechat.bound": {
                bound: boolean;
                code?: components["schemas"]["Code"];
            };
            /** @description How far a broadcast has come. */
            "broadcast.progress": components["schemas"]["Broadcast"];
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
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
