"""An amount in capitals, 大写: what cannot be misread or altered by a stroke. A visiting module.

After the rules for filling in vouchers (支付结算办法, annex 1): 整 behind whole yuan alone, one 零 for zeros between figures, 零
behind 元 where the yuan end in 0 or there are no jiao. Where the annex leaves a 零 to the writer, it stands behind 元 and is left
out behind 万.
"""

_DIGITS = "\u96f6\u58f9\u8d30\u53c1\u8086\u4f0d\u9646\u67d2\u634c\u7396"  # 零壹贰叁肆伍陆柒捌玖
_PLACES = ("\u4edf", "\u4f70", "\u62fe", "")  # 仟 佰 拾
_ZERO = _DIGITS[0]
_BELOW = 100_000_000  # yuan


def capitals(fen):
    """'人民币壹佰贰拾叁元肆角伍分' for 12345. ValueError below zero, and from 100 million yuan."""
    yuan, part = divmod(fen, 100)
    if not 0 <= yuan < _BELOW:
        raise ValueError("capitals: 0 to 99999999.99 yuan")
    jiao, cents = divmod(part, 10)
    text = "\u4eba\u6c11\u5e01"  # 人民币
    if yuan or not part:
        text += _whole(yuan) + "\u5143"  # 元
    if not part:
        return text + "\u6574"  # 整
    if yuan and (yuan % 10 == 0 or not jiao):
        text += _ZERO
    if jiao:
        text += _DIGITS[jiao] + "\u89d2"  # 角
    return text + (_DIGITS[cents] + "\u5206" if cents else "")  # 分


def _whole(yuan):
    high, low = divmod(yuan, 10_000)
    if not high:
        return _four(low) or _ZERO
    between = _ZERO if 0 < low < 1000 else ""
    return _four(high) + "\u4e07" + between + _four(low)  # 万


def _four(number):
    """Four figures; zeros at the end are silent, others in a row are one."""
    text, zero = "", False
    for place, unit in zip((1000, 100, 10, 1), _PLACES):
        digit = number // place % 10
        if digit:
            text += (_ZERO if zero and text else "") + _DIGITS[digit] + unit
        zero = not digit
    return text
