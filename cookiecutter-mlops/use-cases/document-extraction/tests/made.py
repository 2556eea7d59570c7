"""PDFs and pictures that tests make: as little of the format as a reader needs."""

import io

from PIL import Image, ImageDraw, ImageFont

HEIGHT, WIDTH = 400, 300


def pdf(pages: list[list[str]], rotate: int = 0, locked: bool = False) -> bytes:
    """A PDF with lines of text, 20 points apart from y = 360 down; a locked one asks for a password."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for lines in pages:
        text = " ".join(f"1 0 0 1 40 {360 - 20 * row} Tm ({line}) Tj" for row, line in enumerate(lines))
        content = f"BT /F1 12 Tf {text} ET".encode() if lines else b""
        objects.append(b"<< /Length %d >> stream\n%s\nendstream" % (len(content), content))
        box = f"/MediaBox [0 0 {WIDTH} {HEIGHT}] /Rotate {rotate}"
        kids.append(len(objects) + 1)
        parts = f"/Parent 2 0 R {box} /Contents {len(objects)} 0 R /Resources << /Font << /F1 3 0 R >> >>"
        objects.append(f"<< /Type /Page {parts} >>".encode())
    listed = " ".join(f"{kid} 0 R" for kid in kids)
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{listed}] >>".encode()
    return _written(objects, b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >> /ID [<00> <00>]"
                    % (b"ab" * 32, b"cd" * 32) if locked else b"")  # fmt: skip


def scan() -> bytes:
    """A PDF whose page is drawn and has no text."""
    return pdf([["a line"]]).replace(b"BT /F1 12 Tf", b"0 0 9 9 re f").replace(b"Tj", b"  ").replace(b" ET", b"   ")


def _written(objects: list[bytes], trailer: bytes) -> bytes:
    content, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj %s endobj\n" % (number, one)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, len(content))
    return content + table + end


def picture(lines: list[str], kind: str = "PNG", turned: int = 0) -> bytes:
    """A scan: black letters on white, perhaps turned by so many degrees against the clock."""
    image = Image.new("L", (900, 90 + 60 * len(lines)), 255)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=36)
    for row, line in enumerate(lines):
        draw.text((40, 40 + 60 * row), line, fill=0, font=font)
    buffer = io.BytesIO()
    image.rotate(turned, expand=True, fillcolor=255).save(buffer, kind)
    return buffer.getvalue()
